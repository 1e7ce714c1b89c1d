/// A request as a service sees it.
package struct WebRequest: Sendable {
    package let method: String
    /// The path without a query.
    package let path: String
    /// The header fields by their names in lower case.
    package let headers: [String: String]
    package let body: [UInt8]

    package init(method: String, path: String, headers: [String: String] = [:], body: [UInt8] = [])
    {
        (self.method, self.path, self.headers, self.body) = (method, path, headers, body)
    }
}

/// The reply to a request.
package struct WebReply: Sendable {
    package enum Body: Sendable {
        case bytes([UInt8])
        /// Parts that are written as they come; the task is cancelled when the client has gone.
        case stream(@Sendable (WebStream) async throws -> Void)
        /// A reply that takes its time; the task is cancelled when the client has gone.
        case later(@Sendable () async -> WebReply)
    }

    package var status: Int
    package var headers: [String: String]
    package var body: Body

    package init(status: Int = 200, type: String, _ bytes: [UInt8], headers: [String: String] = [:])
    {
        self.status = status
        self.headers = headers
        self.headers["content-type"] = type
        body = .bytes(bytes)
    }

    package init(status: Int = 200, type: String, _ body: Body) {
        self.status = status
        headers = ["content-type": type]
        self.body = body
    }

    /// A reply that takes its time.
    package static func later(_ work: @escaping @Sendable () async -> WebReply) -> WebReply {
        WebReply(type: "application/json", .later(work))
    }

    /// A stream of events sent by the server, as the HTML standard has them.
    package static func events(
        _ write: @escaping @Sendable (WebStream) async throws -> Void
    ) -> WebReply {
        var reply = WebReply(type: "text/event-stream; charset=utf-8", .stream(write))
        reply.headers["cache-control"] = "no-cache"
        reply.headers["x-accel-buffering"] = "no"
        return reply
    }
}

/// Where the parts of a reply are written.
package struct WebStream: Sendable {
    private let write: @Sendable ([UInt8]) async throws -> Void

    package init(_ write: @escaping @Sendable ([UInt8]) async throws -> Void) {
        self.write = write
    }

    /// Writes an event of one line of data.
    package func send(_ data: [UInt8]) async throws {
        try await write(Array("data: ".utf8) + data + Array("\n\n".utf8))
    }

    /// Writes bytes as they are.
    package func send(raw bytes: [UInt8]) async throws { try await write(bytes) }
}

/// What answers requests.
package protocol WebService: Sendable {
    func reply(to request: WebRequest) async -> WebReply
    /// The reply to a request that the server itself refuses, such as one that is too large.
    func refusal(status: Int, _ message: String) -> WebReply
}
