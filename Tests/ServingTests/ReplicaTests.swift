import Foundation
import Serving
import Signals
import Synchronization
import Testing
import Web

/// Requests that the first rank passes on to others.
@Suite struct ReplicaTests {
    /// Tells who answered, and holds an answer up until it is let go.
    private final class Named: WebService {
        let name: String
        private let counts = Mutex((asked: 0, held: true))

        init(_ name: String, isHeld: Bool = false) {
            self.name = name
            counts.withLock { $0.held = isHeld }
        }

        var askedCount: Int { counts.withLock(\.asked) }

        func letGo() { counts.withLock { $0.held = false } }

        func reply(to request: WebRequest) async -> WebReply {
            counts.withLock { $0.asked += 1 }
            if request.path == "/metrics" {
                let text =
                    "# HELP a What.\n# TYPE a counter\na{of=\"\(name)\"} 1\na{of=\"all\"} 2\n"
                return WebReply(type: PrometheusText.type, Array(text.utf8))
            }
            if request.body == Array("stream".utf8) {
                return .events { [name] stream in
                    for number in 0..<3 { try await stream.send(Array("\(name) \(number)".utf8)) }
                }
            }
            while counts.withLock(\.held) { try? await Task.sleep(for: .milliseconds(5)) }
            return WebReply(
                status: request.body == Array("bad".utf8) ? 400 : 200, type: "text/plain",
                Array(name.utf8))
        }

        func refusal(status: Int, _ message: String) -> WebReply {
            WebReply(status: status, type: "text/plain", Array(message.utf8))
        }
    }

    private static func post(_ text: String) -> WebRequest {
        WebRequest(method: "POST", path: "/v1/completions", body: Array(text.utf8))
    }

    /// Runs `body` with the address of a replica.
    private func withReplica(
        _ service: any WebService, secret: String = "secret",
        _ body: @Sendable (_ host: String, _ port: Int) async throws -> Void
    ) async throws {
        let (ports, whenListening) = AsyncStream<Int>.makeStream()
        let server = WebServer(
            host: "127.0.0.1", port: 0,
            service: ReplicaService(service, secret: secret, stop: {}))
        let running = Task {
            try await server.run(until: .never) { whenListening.yield($0) }
        }
        defer { running.cancel() }
        for await port in ports { return try await body("127.0.0.1", port) }
    }

    private func replica(_ host: String, _ port: Int, secret: String = "secret") -> Replica {
        Replica(host: host, port: port, secret: secret, threads: WebThreads())
    }

    /// The status and the text of a reply that takes its time.
    private func answer(_ reply: WebReply) async throws -> (status: Int, text: String) {
        var reply = reply
        while case .later(let work) = reply.body { reply = await work() }
        let text = Mutex("")
        switch reply.body {
        case .bytes(let bytes): text.withLock { $0 = String(decoding: bytes, as: UTF8.self) }
        case .stream(let write):
            try await write(
                WebStream { part in
                    text.withLock { $0 += String(decoding: part, as: UTF8.self) }
                })
        case .later: break
        }
        return (reply.status, text.withLock { $0 })
    }

    @Test(.timeLimit(.minutes(1))) func theRankWithTheFewestAnswers() async throws {
        let (first, second) = (Named("first", isHeld: true), Named("second"))
        try await withReplica(second) { host, port in
            let dealer = RequestDealer(first, replicas: [replica(host, port)])
            async let held = answer(dealer.reply(to: Self.post("")))
            while first.askedCount == 0 { try await Task.sleep(for: .milliseconds(2)) }
            for _ in 0..<3 {
                #expect(try await answer(dealer.reply(to: Self.post(""))).text == "second")
            }
            first.letGo()
            #expect(try await held.text == "first")
            // The one with fewer so far.
            #expect(try await answer(dealer.reply(to: Self.post(""))).text == "first")
        }
    }

    @Test(.timeLimit(.minutes(1))) func streamsAndStatusesComeAsTheyWere() async throws {
        let (first, second) = (Named("first", isHeld: true), Named("second"))
        try await withReplica(second) { host, port in
            let dealer = RequestDealer(first, replicas: [replica(host, port)])
            async let held = answer(dealer.reply(to: Self.post("")))
            while first.askedCount == 0 { try await Task.sleep(for: .milliseconds(2)) }
            let stream = try await answer(dealer.reply(to: Self.post("stream")))
            #expect(stream.text == "data: second 0\n\ndata: second 1\n\ndata: second 2\n\n")
            let bad = try await answer(dealer.reply(to: Self.post("bad")))
            #expect(bad.status == 400 && bad.text == "second")
            first.letGo()
            _ = try await held
        }
    }

    @Test(.timeLimit(.minutes(1))) func theFirstRankAnswersForOneThatIsLost() async throws {
        let first = Named("first")
        let dealer = RequestDealer(first, replicas: [replica("127.0.0.1", 1)])
        for _ in 0..<4 {
            #expect(try await answer(dealer.reply(to: Self.post(""))).text == "first")
        }
    }

    @Test(.timeLimit(.minutes(1))) func aReplicaAnswersTheFirstRankAlone() async throws {
        let second = Named("second")
        try await withReplica(second) { host, port in
            let reply = await replica(host, port, secret: "guess").reply(to: Self.post(""))
            #expect(reply?.status == 401 && second.askedCount == 0)
        }
    }

    @Test(.timeLimit(.minutes(1))) func figuresAreThoseOfAllRanks() async throws {
        try await withReplica(Named("second")) { host, port in
            let dealer = RequestDealer(Named("first"), replicas: [replica(host, port)])
            let text = try await answer(
                dealer.reply(to: WebRequest(method: "GET", path: "/metrics"))
            ).text
            #expect(
                text == "# HELP a What.\n# TYPE a counter\na{of=\"first\"} 1\na{of=\"all\"} 4\n"
                    + "a{of=\"second\"} 1\n")
        }
    }

    @Test(.timeLimit(.minutes(1))) func adaptersGoToAllRanks() async throws {
        let (first, second) = (Named("first"), Named("second"))
        try await withReplica(second) { host, port in
            let dealer = RequestDealer(first, replicas: [replica(host, port)])
            _ = try await answer(
                dealer.reply(to: WebRequest(method: "POST", path: "/v1/adapters")))
            #expect(first.askedCount == 1 && second.askedCount == 1)
            let refused = WebRequest(
                method: "POST", path: "/v1/adapters", body: Array("bad".utf8))
            #expect(try await answer(dealer.reply(to: refused)).status == 400)
            #expect(first.askedCount == 2 && second.askedCount == 1)
        }
    }
}
