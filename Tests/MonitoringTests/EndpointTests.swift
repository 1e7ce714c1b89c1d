import Diagnostics
import Foundation
import Monitoring
import Synchronization
import TemporaryFolders
import Testing
import Training
import Web

/// Figures for Prometheus, and the command that is told of a run.
@Suite struct EndpointTests {
    private static func train(_ step: Int) -> MetricsRecord {
        .train(
            TrainingMetrics(
                step: step, tokens: 64 * step, loss: 2.5, learningRate: 0.25, gradientNorm: 1.5,
                tokensPerSecond: 1000, seconds: ["total": 0.5, "reduce": 0.125],
                peakMemoryBytes: 4096))
    }

    private func text(_ endpoint: FigureEndpoint, _ path: String = "/metrics") async -> String {
        let reply = await endpoint.reply(to: WebRequest(method: "GET", path: path))
        guard case .bytes(let bytes) = reply.body else { return "" }
        return "\(reply.status)\n" + String(decoding: bytes, as: UTF8.self)
    }

    /// Waits on a thread of its own: those of tests are few, and what is waited for needs one.
    private func waiting(_ work: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
        }
    }

    @Test func theNewestFiguresStandEachOnceWithWhatTheyMean() async {
        let endpoint = FigureEndpoint(run: "a \"run\"\n\u{1B}[2J", stepCount: 300)
        for step in 1...7 { endpoint.append(Self.train(step)) }
        endpoint.append(.validation(step: 7, loss: 3.25))
        endpoint.append(.warning(step: 7, "too fast", isDivergence: true))
        endpoint.append(.saved(step: 6, path: "x"))
        let text = await text(endpoint)
        let name = "{run=\"a \\\"run\\\""
        for line in [
            "200\n", "# TYPE swift_llm_train_loss gauge\nswift_llm_train_loss\(name)", " 2.5\n",
            "swift_llm_step\(name)", "swift_llm_validation_loss\(name)", " 3.25\n",
            "swift_llm_warnings_total\(name)", "swift_llm_checkpoint_step\(name)",
            ",part=\"reduce\"} 0.125", "# HELP swift_llm_train_loss how much the next token",
        ] { #expect(text.contains(line), "\(line)\n\(text)") }
        #expect(text.components(separatedBy: "# TYPE swift_llm_train_loss ").count == 2)
        #expect(!text.contains("\u{1B}") && !text.contains("loss_metrics"))
        #expect(await self.text(endpoint, "/other").hasPrefix("404"))
    }

    @Test func aPortThatIsTakenIsToldAndIsFreeAfterwards() async throws {
        try await waiting { try Self.takePorts() }
    }

    private static func takePorts() throws {
        let endpoint = FigureEndpoint(run: "run", stepCount: 1)
        let first = try LocalServer(port: 0, key: "metrics.prometheus_port", service: endpoint)
        let failure = #expect(throws: Failure.self) {
            try LocalServer(port: first.port, key: "metrics.prometheus_port", service: endpoint)
        }
        #expect(failure?.line.contains("cannot listen") == true)
        #expect(failure?.line.contains("metrics.prometheus_port") == true, "\(failure?.line ?? "")")
        first.close(patience: 600)
        let again = try LocalServer(
            port: first.port, key: "metrics.prometheus_port", service: endpoint)
        #expect(again.port == first.port)
        again.close()
        #expect(throws: Failure.self) {
            try LocalServer(port: 70_000, key: "metrics.prometheus_port", service: endpoint)
        }
    }

    @Test func theCommandGetsAnObjectForEachEvent() async throws {
        try await waiting { try Self.tellEvents() }
    }

    private static func tellEvents() throws {
        let folder = try TemporaryFolder()
        let problems = Mutex<[String]>([])
        let notices = NoticeCommand("cat >> '\(folder("told"))'", run: "runs/<b>") { problem in
            problems.withLock { $0.append(problem) }
        }
        notices.append(train(7))
        notices.append(.warning(step: 7, "flat"))
        notices.append(.warning(step: 7, "norm", isDivergence: true))
        notices.end(.failed, "it \"broke\"")
        let lines = try folder.text("told").split(separator: "\n")
        #expect(
            lines == [
                #"{"event":"diverging","loss":2.5,"message":"norm","run":"runs/<b>","step":7}"#,
                #"{"event":"failed","loss":2.5,"message":"it \"broke\"","run":"runs/<b>","step":7}"#,
            ])
        #expect(problems.withLock { $0 }.isEmpty)
    }

    /// It may read nothing, fail, or not be there: the training goes on.
    @Test(arguments: ["true", "echo no >&2; exit 3", "/nowhere/at/all"])
    func aCommandThatFailsIsTold(command: String) async throws {
        try await waiting { Self.tellTheEnd(to: command) }
    }

    private static func tellTheEnd(to command: String) {
        let problems = Mutex<[String]>([])
        let notices = NoticeCommand(command, run: "run") { problem in
            problems.withLock { $0.append(problem) }
        }
        notices.end(.done)
        let told = problems.withLock { $0 }
        #expect(told.count == (command == "true" ? 0 : 1))
        #expect(told.allSatisfy { $0.hasPrefix("metrics.notify: the command ended with") })
    }
}
