import Diagnostics
import Files
import Foundation
import JSON
import Monitoring
import TemporaryFolders
import Testing
import Training
import Web

/// The replies of a dashboard.
@Suite struct DashboardTests {
    private static let tokens = (watching: "watching-watching", steering: "steering-steering")
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func line(_ step: Int, loss: Double) -> String {
        MetricsRecord.train(
            TrainingMetrics(
                step: step, tokens: step, loss: loss, learningRate: 1e-3, gradientNorm: 1,
                tokensPerSecond: 100, seconds: ["total": 0.1], peakMemoryBytes: 1)
        ).line + "\n"
    }

    private func write(_ run: String, _ lines: [String]) throws {
        try FileManager.default.createDirectory(
            atPath: folder(run), withIntermediateDirectories: true)
        try folder.write(lines.joined(), to: run + "/metrics.jsonl")
    }

    private func dashboard(
        orders: (@Sendable (Dashboard.Order) -> Void)? = nil
    ) -> Dashboard {
        Dashboard(
            [folder.path], tokens: Self.tokens,
            describe: { ReportContent(title: $0, history: $1) }, carryOut: orders)
    }

    private func reply(
        _ dashboard: Dashboard, _ path: String, _ method: String = "GET",
        token: String = tokens.watching
    ) async throws -> (status: Int, json: JSONValue, headers: [String: String]) {
        let reply = await dashboard.reply(
            to: WebRequest(method: method, path: "/\(token)/\(path)"))
        guard case .bytes(let bytes) = reply.body else { return (reply.status, .null, [:]) }
        let json = try? JSONValue(parsing: bytes, at: path)
        return (
            reply.status, json ?? .string(String(decoding: bytes, as: UTF8.self)), reply.headers
        )
    }

    @Test func onlyWhoHasATokenSeesAnything() async throws {
        try write("one", [line(1, loss: 5)])
        let dashboard = dashboard()
        for path in ["", "runs", "run/0", "curves/0/0/9", "events", "order/stop", "none"] {
            for token in ["", "wrong", "watching", "watching-watching-"] {
                let method = path.hasPrefix("order") ? "POST" : "GET"
                let reply = try await reply(dashboard, path, method, token: token)
                #expect(reply.status == 401, "\(token)/\(path)")
                #expect(!"\(reply.json)".contains("one"))
            }
        }
        #expect(await dashboard.reply(to: WebRequest(method: "GET", path: "/")).status == 401)
        let page = try await reply(dashboard, "")
        #expect(page.status == 200 && page.json.string?.hasPrefix("<!doctype html>") == true)
        #expect(page.headers["referrer-policy"] == "no-referrer")
        // A rule of its own for display would show the buttons of those who steer.
        #expect(page.json.string?.contains("[hidden] { display: none !important; }") == true)
        #expect(page.headers["content-security-policy"]?.contains("default-src 'none'") == true)
        for outside in ["http:", "https:", "src=", "@import", "innerHTML", "<link"] {
            let text = page.json.string?.replacing("http://www.w3.org/2000/svg", with: "") ?? ""
            #expect(!text.contains(outside), "\(outside)")
        }
        #expect(Dashboard.makeToken().count == 26)
        #expect(Dashboard.makeToken() != Dashboard.makeToken())
    }

    @Test func runsAreFoundAndFollowedAndCutOnesAreReadAnew() async throws {
        try write("b/finetune", (1...3).map { line($0, loss: 4) })
        try write("a", (1...50).map { line($0, loss: 6 - Double($0) / 50) })
        let dashboard = dashboard()
        let list = try await reply(dashboard, "runs").json
        #expect(list["can_steer"]?.boolean == false)
        let runs = list["runs"]?.array ?? []
        #expect(runs.map { $0["path"]?.string } == [folder("a"), folder("b/finetune")])
        #expect(runs.map { $0["step"]?.integer } == [50, 3])
        #expect(list["glossary"]?["loss"]?.array?.count == 2)

        let more = try FileHandle(forWritingTo: URL(filePath: folder("a/metrics.jsonl")))
        try more.seekToEnd()
        try more.write(contentsOf: Data((line(51, loss: 1) + "{\"kind\":\"tr").utf8))
        try more.close()
        try await Task.sleep(for: .milliseconds(1100))
        #expect(try await step(dashboard, 0) == 51)
        // A resumed run writes the file anew, without what came after its checkpoint.
        try folder.write((1...20).map { line($0, loss: 4) }.joined(), to: "a/new")
        #expect(rename(folder("a/new"), folder("a/metrics.jsonl")) == 0)
        try await Task.sleep(for: .milliseconds(1100))
        #expect(try await step(dashboard, 0) == 20)
    }

    /// A clock that was set back makes nothing look younger than it is.
    @Test func aFileFromTheFutureIsAsOldAsNow() async throws {
        try write("run", [line(1, loss: 5)])
        try FileManager.default.setAttributes(
            [.modificationDate: Date.now.addingTimeInterval(86_400)],
            ofItemAtPath: folder("run/metrics.jsonl"))
        let runs = try await reply(dashboard(), "runs").json["runs"]?.array
        #expect(runs?.first?["seconds_since_written"]?.double == 0)
    }

    private func step(_ dashboard: Dashboard, _ run: Int) async throws -> Int? {
        try await reply(dashboard, "runs").json["runs"]?.array?[run]["step"]?.integer
    }

    /// A place is taken with the reply, and free again where its stream is over or never begins.
    @Test func pagesBeyondTheLimitAreSentAway() async throws {
        try write("run", [line(1, loss: 5)])
        let dashboard = dashboard()
        let request = WebRequest(method: "GET", path: "/\(Self.tokens.watching)/events")
        func open() async -> [WebReply] {
            var replies: [WebReply] = []
            while replies.count < 10_000 {
                let reply = await dashboard.reply(to: request)
                guard reply.status == 200 else {
                    #expect(reply.status == 503 && reply.headers["connection"] == "close")
                    break
                }
                replies.append(reply)
            }
            return replies
        }
        var replies = await open()
        let count = replies.count
        #expect(count == WebLimits.besideWork.connections * 3 / 4)
        guard case .stream(let write) = replies[0].body else {
            Issue.record("no stream")
            return
        }
        struct Gone: Error {}
        await #expect(throws: Gone.self) { try await write(WebStream { _ in throw Gone() }) }
        #expect(await open().count == 1, "one was over")
        replies = []
        #expect(await open().count == count, "none of them began")
    }

    @Test func curvesHoldWhatCanBeSeenOfAnyPart() async throws {
        let count = 5000
        try write(
            "run",
            (1...count).map { line($0, loss: $0 == 3001 ? 99 : Double($0)) }
                + [MetricsRecord.validation(step: 4000, loss: 7).line + "\n"])
        let dashboard = dashboard()
        _ = try await reply(dashboard, "runs")
        let whole = try await reply(dashboard, "curves/0/0/\(Int32.max)").json
        let loss = (whole["loss"]?.array ?? []).map { $0.array?.compactMap(\.double) ?? [] }
        #expect(loss.count <= 800 && loss.count > 400)
        #expect(loss.last?[0] == 5000)
        #expect(loss.map { $0[2] }.min() == 1)
        #expect(loss.contains { $0[2] == 99 })
        #expect(whole["validation"]?.array?.count == 1)
        let part = try await reply(dashboard, "curves/0/3000/3002").json
        #expect(
            part["loss"]?.array?.map { $0.array?.compactMap(\.double) ?? [] }
                == [[3000, 3000, 3000, 3000], [3001, 99, 99, 99], [3002, 3002, 3002, 3002]])
        #expect(part["validation"]?.array?.isEmpty == true)
        for bad in ["curves/0/5/4", "curves/0/x/4", "curves/0/-1/4", "curves/0/0/99999999999"] {
            #expect(try await reply(dashboard, bad).status == 400, "\(bad)")
        }
        for bad in ["curves/1/0/4", "curves/x/0/4", "run/7", "run/-1", "other"] {
            #expect(try await reply(dashboard, bad).status == 404, "\(bad)")
        }
    }

    @Test func detailsAreThoseOfTheReport() async throws {
        let hostile = "</script><script>alert(1)</script>\u{202E}\u{1B}[2J"
        try write(
            "run",
            (1...40).map { line($0, loss: 6 - Double($0) / 20) }
                + [MetricsRecord.warning(step: 40, hostile).line + "\n", "torn"])
        let dashboard = dashboard()
        _ = try await reply(dashboard, "runs")
        let details = try await reply(dashboard, "run/0")
        #expect(details.status == 200)
        #expect(details.headers["content-type"] == "application/json")
        #expect(details.headers["x-content-type-options"] == "nosniff")
        #expect(details.json["verdicts"]?.array?.isEmpty == false)
        #expect(details.json["events"]?.array?[0]["message"]?.string == hostile)
        #expect(details.json["events"]?.array?[0]["is_warning"]?.boolean == true)
    }

    @Test func onlyTheOtherTokenSteers() async throws {
        try write("run", [line(1, loss: 5)])
        let orders = Orders()
        let dashboard = dashboard { orders.add($0) }
        #expect(try await reply(dashboard, "order/stop", "POST").status == 403)
        #expect(try await reply(dashboard, "order/stop", token: Self.tokens.steering).status == 404)
        #expect(orders.all.isEmpty)
        for order in Dashboard.Order.allCases {
            let reply = try await reply(
                dashboard, "order/\(order.rawValue)", "POST", token: Self.tokens.steering)
            #expect(reply.status == 200)
        }
        #expect(orders.all == [.stop, .checkpoint, .validate])
        let list = try await reply(dashboard, "runs", token: Self.tokens.steering).json
        #expect(list["can_steer"]?.boolean == true)
        // Where nothing can be steered, no token does.
        let still = self.dashboard()
        let refused = try await reply(still, "order/stop", "POST", token: Self.tokens.steering)
        #expect(refused.status == 403)
    }
}

/// Orders as they come.
private final class Orders: @unchecked Sendable {
    private let lock = NSLock()
    private var orders: [Dashboard.Order] = []

    func add(_ order: Dashboard.Order) { lock.withLock { orders.append(order) } }
    var all: [Dashboard.Order] { lock.withLock { orders } }
}
