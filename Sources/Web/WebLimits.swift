/// What a client may ask of the server.
package struct WebLimits: Sendable {
    /// Bytes of a body.
    package var bodyBytes = 16 << 20
    /// Seconds in which a body must be there.
    package var bodySeconds = 30.0
    /// Seconds that a client may take to read the next part of a reply.
    package var writeSeconds = 30.0
    package var connections = 1024

    package init() {}
}
