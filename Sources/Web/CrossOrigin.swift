/// Which pages of other origins may use the server.
package struct CrossOrigin: Sendable {
    private let origin: String

    /// - Parameter origin: such as "https://example.org"; "*" for all.
    package init(_ origin: String) { self.origin = origin }

    /// The reply to the question of a browser before a request.
    package var preflight: WebReply {
        var reply = WebReply(status: 204, type: "text/plain", [])
        reply.headers["access-control-allow-methods"] = "GET, POST, DELETE, OPTIONS"
        reply.headers["access-control-allow-headers"] = "authorization, content-type"
        reply.headers["access-control-max-age"] = "600"
        allow(&reply)
        return reply
    }

    package func allow(_ reply: inout WebReply) {
        reply.headers["access-control-allow-origin"] = origin
        if origin != "*" { reply.headers["vary"] = "origin" }
    }
}
