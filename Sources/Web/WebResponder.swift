import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import Synchronization

/// A request with the connection that it came on.
struct WebContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}

/// Carries requests to a service, and its replies back.
struct WebResponder: HTTPResponder {
    typealias Context = WebContext

    let service: any WebService
    let limits: WebLimits

    func respond(to request: Request, context: WebContext) async throws -> Response {
        var request = request
        let body: [UInt8]
        do {
            body = try await self.body(of: &request, context.channel)
        } catch let error as HTTPError {
            var reply = service.refusal(status: error.status.code, Self.message(error))
            reply.headers["connection"] = "close"
            return response(reply, request, context)
        }
        let web = WebRequest(
            method: request.method.rawValue, path: request.uri.path,
            headers: request.headers.reduce(into: [:]) { headers, field in
                headers[field.name.canonicalName] = field.value
            }, body: body)
        var reply = await service.reply(to: web)
        var isWatched = false
        while case .later(let work) = reply.body {
            let headers = reply.headers
            reply = try await request.body.consumeWithCancellationOnInboundClose { _ in
                await work()
            }
            reply.headers.merge(headers) { own, _ in own }
            reply.headers["connection"] = "close"
            isWatched = true
        }
        return response(reply, request, context, isWatched: isWatched)
    }

    private static func message(_ error: HTTPError) -> String {
        error.status == .contentTooLarge
            ? "the request body is too large" : error.body ?? error.status.reasonPhrase
    }

    /// The body, which has to come in time.
    private func body(of request: inout Request, _ channel: any Channel) async throws -> [UInt8] {
        let deadline = channel.eventLoop.scheduleTask(
            in: .milliseconds(Int64(limits.bodySeconds * 1000))
        ) { channel.close(promise: nil) }
        defer { deadline.cancel() }
        let buffer = try await request.collectBody(upTo: limits.bodyBytes)
        return Array(buffer.readableBytesView)
    }

    /// - Parameter isWatched: whether the connection has been watched for a client that leaves, which goes
    ///   but once; then a part that cannot be written tells of it.
    private func response(
        _ reply: WebReply, _ request: Request, _ context: WebContext, isWatched: Bool = false
    ) -> Response {
        var headers = HTTPFields()
        for (name, value) in reply.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        let status = HTTPResponse.Status(code: reply.status)
        switch reply.body {
        case .bytes(let bytes):
            return Response(
                status: status, headers: headers,
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        case .later: return Response(status: .internalServerError)
        case .stream(let write):
            headers[.connection] = "close"
            return Response(
                status: status, headers: headers,
                body: stream(write, isWatched ? nil : request, context.channel))
        }
    }

    /// A body of parts. A client that does not read them is cut off.
    ///
    /// - Parameter watched: the request whose connection is watched for a client that leaves.
    private func stream(
        _ write: @escaping @Sendable (WebStream) async throws -> Void, _ watched: Request?,
        _ channel: any Channel
    ) -> ResponseBody {
        let seconds = limits.writeSeconds
        return ResponseBody { writer in
            let parts = PartQueue()
            try await Self.watching(watched) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        defer { parts.finish() }
                        try await write(WebStream { try await parts.add($0) })
                    }
                    for await part in parts.stream {
                        let limit = channel.eventLoop.scheduleTask(
                            in: .milliseconds(Int64(seconds * 1000))
                        ) { channel.close(promise: nil) }
                        defer { limit.cancel() }
                        try await writer.write(ByteBuffer(bytes: part))
                    }
                    try await group.waitForAll()
                }
            }
            try await writer.finish(nil)
        }
    }

    private static func watching(
        _ request: Request?, _ body: () async throws -> Void
    ) async throws {
        guard let request else { return try await body() }
        try await request.body.consumeWithCancellationOnInboundClose { _ in try await body() }
    }
}

/// Parts of a reply on their way from the task that makes them to the one that writes them.
private final class PartQueue: Sendable {
    let stream: AsyncStream<[UInt8]>
    private let continuation: AsyncStream<[UInt8]>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func add(_ part: [UInt8]) async throws {
        try Task.checkCancellation()
        if case .terminated = continuation.yield(part) { throw CancellationError() }
    }

    func finish() { continuation.finish() }
}
