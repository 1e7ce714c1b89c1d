import Diagnostics
import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks another server of this program, a connection for each request.
package struct WebClient: Sendable {
    private typealias Connection = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    private enum Part: Sendable {
        case head(status: Int, headers: [String: String])
        case body([UInt8])
    }

    private let host: String
    private let port: Int
    private let threads: any EventLoopGroup

    /// - Parameter threads: those that the connections are served by.
    package init(host: String, port: Int, threads: WebThreads) {
        (self.host, self.port, self.threads) = (host, port, threads.group)
    }

    /// The reply to a request. A reply of unknown length is passed on as it comes; the connection ends
    /// with the task that reads it.
    ///
    /// - Throws: where nobody listens, or the connection ends before the reply has begun.
    package func reply(to request: WebRequest) async throws -> WebReply {
        let parts = try await parts(of: request)
        var start: Part?
        for try await part in parts {
            start = part
            break
        }
        guard case .head(let status, let headers) = start else { throw ChannelError.eof }
        var reply = WebReply(status: status, type: "", .bytes([]))
        reply.headers = headers
        if headers["content-length"] != nil {
            var bytes: [UInt8] = []
            for try await part in parts {
                if case .body(let more) = part { bytes += more }
            }
            reply.body = .bytes(bytes)
        } else {
            reply.body = .stream { stream in
                for try await part in parts {
                    if case .body(let bytes) = part { try await stream.send(raw: bytes) }
                }
            }
        }
        return reply
    }

    private func parts(of request: WebRequest) async throws -> AsyncThrowingStream<Part, any Error>
    {
        let connection = try await ClientBootstrap(group: threads)
            .connectTimeout(.seconds(5))
            .connect(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        let (stream, continuation) = AsyncThrowingStream<Part, any Error>.makeStream()
        let task = Task {
            do {
                try await exchange(request, connection) { continuation.yield($0) }
                continuation.finish()
            } catch { continuation.finish(throwing: error) }
        }
        continuation.onTermination = { _ in task.cancel() }
        return stream
    }

    private func exchange(
        _ request: WebRequest, _ connection: Connection, whenReady: @Sendable (Part) -> Void
    ) async throws {
        try await connection.executeThenClose { inbound, outbound in
            try await outbound.write(.head(head(of: request)))
            try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: request.body))))
            try await outbound.write(.end(nil))
            for try await part in inbound {
                switch part {
                case .head(let head):
                    whenReady(.head(status: Int(head.status.code), headers: fields(head.headers)))
                case .body(let buffer): whenReady(.body(Array(buffer.readableBytesView)))
                case .end: return
                }
            }
            throw ChannelError.eof
        }
    }

    private func head(of request: WebRequest) -> HTTPRequestHead {
        // Those that say how this message travels are its own.
        let left: Set = ["host", "connection", "content-length", "transfer-encoding", "expect"]
        var headers = HTTPHeaders(
            request.headers.filter { !left.contains($0.key) }.map { ($0.key, $0.value) })
        headers.add(name: "host", value: "\(host):\(port)")
        headers.add(name: "content-length", value: "\(request.body.count)")
        headers.add(name: "connection", value: "close")
        return HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: request.method), uri: request.path,
            headers: headers)
    }

    private func fields(_ headers: HTTPHeaders) -> [String: String] {
        var fields: [String: String] = [:]
        for (name, value) in headers where name.lowercased() != "transfer-encoding" {
            fields[name.lowercased()] = value
        }
        fields["connection"] = nil
        return fields
    }
}

/// A thread that serves connections, as long as the process lives.
package struct WebThreads: Sendable {
    let group: any EventLoopGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    package init() {}
}
