import Files
import Foundation
import JSON
import Monitoring
import TemporaryFolders
import Testing
import Training
import Web

/// Runs of any length are on the page at once, by metrics.columns.
@Suite struct DashboardColumnsTests {
    private static let token = "watching-watching"
    private static let stepCount = 30_000
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A run of some 8 MB that nobody has written to for an hour.
    private func writeOldRun() throws {
        let lines = (1...Self.stepCount).map { step in
            MetricsRecord.train(
                TrainingMetrics(
                    step: step, tokens: 64 * step,
                    loss: step == 777 ? .nan : 9 - Double(step) / 1e4,
                    learningRate: 0.25, gradientNorm: 1.5, tokensPerSecond: 1000,
                    seconds: ["total": 0.5], peakMemoryBytes: 1 << 30)
            ).line + "\n"
                + (step % 5000 == 0
                    ? MetricsRecord.validation(step: step, loss: 7).line + "\n"
                        + MetricsRecord.warning(step: step, "too fast").line + "\n"
                    : "")
        }
        try FileManager.default.createDirectory(
            atPath: folder("run"), withIntermediateDirectories: true)
        try folder.write(lines.joined(), to: "run/metrics.jsonl")
        try age("run/metrics.jsonl")
    }

    private func age(_ name: String) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date.now.addingTimeInterval(-3600)], ofItemAtPath: folder(name))
    }

    private func reply(_ dashboard: Dashboard, _ path: String) async throws -> JSONValue {
        let reply = await dashboard.reply(
            to: WebRequest(method: "GET", path: "/\(Self.token)/\(path)"))
        guard case .bytes(let bytes) = reply.body else { return .null }
        return try JSONValue(parsing: bytes, at: path)
    }

    private func dashboard() -> Dashboard {
        Dashboard(
            [folder.path], tokens: (Self.token, "steering-steering"),
            describe: { ReportContent(title: $0, history: $1) })
    }

    /// Asks until all has been read.
    private func list(_ dashboard: Dashboard) async throws -> JSONValue {
        for _ in 0..<100 {
            let run = try await reply(dashboard, "runs")["runs"]?.array?.first
            if let run, run["read"]?.double == 1 { return run }
        }
        return .null
    }

    private func expectWhole(
        _ dashboard: Dashboard, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let run = try await list(dashboard)
        #expect(run["step"]?.integer == Self.stepCount, sourceLocation: sourceLocation)
        #expect(run["validation"]?.double == 7, sourceLocation: sourceLocation)
        #expect(run["warnings"]?.integer == 6, sourceLocation: sourceLocation)
        let loss = run["loss"]?.double ?? 0
        #expect(abs(loss - 6.00095) < 1e-9, sourceLocation: sourceLocation)
        let curves = try await reply(dashboard, "curves/0/0/\(Int32.max)")
        let points = (curves["loss"]?.array ?? []).map { $0.array?.compactMap(\.double) ?? [] }
        #expect(points.count <= 800 && points.count > 400, sourceLocation: sourceLocation)
        #expect(points.last?[0] == Double(Self.stepCount), sourceLocation: sourceLocation)
        // What is in memory only has the digits of floats.
        #expect(abs((points.first?[3] ?? 0) - 8.9999) < 1e-5, sourceLocation: sourceLocation)
        #expect(points.last?[2] == 6, sourceLocation: sourceLocation)
        let part = try await reply(dashboard, "curves/0/776/778")["loss"]?.array ?? []
        #expect(part.map { $0.array?[0].integer } == [776, 778], sourceLocation: sourceLocation)
    }

    @Test func columnsOfAnOldRunAreMadeOnce() async throws {
        try writeOldRun()
        try await expectWhole(dashboard())
        let made = try folder.bytes("run/metrics.columns")
        #expect(
            try DirectoryEntries.names(in: folder("run")) == ["metrics.columns", "metrics.jsonl"])
        // What another dashboard reads of metrics.jsonl is not the beginning: it may be anything.
        var bytes = try folder.bytes("run/metrics.jsonl")
        for index in 0..<1 << 20 { bytes[index] = UInt8(ascii: "x") }
        try folder.put(bytes, at: "run/metrics.jsonl")
        try age("run/metrics.jsonl")
        try await expectWhole(dashboard())
        #expect(try folder.bytes("run/metrics.columns") == made)
    }

    @Test func damagedColumnsAreMadeAgain() async throws {
        try writeOldRun()
        try await expectWhole(dashboard())
        let made = try folder.bytes("run/metrics.columns")
        for bytes in [[], Array(made.prefix(made.count / 2)), Array(made.reversed())] {
            try folder.put(bytes, at: "run/metrics.columns")
            try await expectWhole(dashboard())
            #expect(try folder.bytes("run/metrics.columns") == made)
        }
    }

    /// The loss of a step, of which a curve of all steps does not tell.
    @Test func damageOfASingleValueIsFoundWhenItIsDrawn() async throws {
        try writeOldRun()
        try await expectWhole(dashboard())
        let made = try folder.bytes("run/metrics.columns")
        let value = withUnsafeBytes(of: (8.5).bitPattern.littleEndian) { Data($0) }
        var bytes = Data(made)
        let place = try #require(bytes.range(of: value, options: .backwards))
        bytes[place.lowerBound] ^= 1
        try folder.put(Array(bytes), at: "run/metrics.columns")
        let dashboard = dashboard()
        try await expectWhole(dashboard)
        let path = "curves/0/4999/5001"
        await #expect(throws: (any Error).self) { try await reply(dashboard, path) }
        try await Task.sleep(for: .milliseconds(1100))
        try await expectWhole(dashboard)
        let part = try await reply(dashboard, path)["loss"]?.array ?? []
        #expect(part.map { $0.array?[1].double } == [8.5001, 8.5, 8.4999])
        #expect(try folder.bytes("run/metrics.columns") == made)
    }

    /// Where nothing can be written, metrics.jsonl is read, and nothing else.
    @Test func aFolderOfOthersIsReadAsItIs() async throws {
        try writeOldRun()
        // A folder in the place of the file that would be written: even root cannot write there.
        try FileManager.default.createDirectory(
            atPath: folder("run/metrics.columns.\(getpid()).partial"),
            withIntermediateDirectories: true)
        try await expectWhole(dashboard())
        #expect(try !DirectoryEntries.isThere(folder("run/metrics.columns")))
    }

    @Test func theHistoryIsThatOfTheLines() throws {
        try writeOldRun()
        let metrics = folder("run/metrics.jsonl")
        _ = try MetricsColumns(at: folder("run/metrics.columns"), of: metrics, lastStep: .max - 1)
        let history = try RunHistory(ColumnsReader(path: folder("run/metrics.columns")))
        let own = try RunHistory(ofMetrics: metrics)
        #expect(history.stepCount == own.stepCount && history.lastStep == own.lastStep)
        #expect(history.tokenCount == own.tokenCount)
        #expect(history.peakMemoryBytes == own.peakMemoryBytes)
        #expect(history.nonFiniteCount == 1 && own.nonFiniteCount == 1)
        #expect(abs(history.seconds - own.seconds) < 1e-6)
        #expect(history.firstLoss == own.firstLoss && history.lastLoss == own.lastLoss)
        #expect(history.events == own.events)
        #expect(history.validations.map(\.loss) == own.validations.map(\.loss))
        #expect((400...1024).contains(history.loss.points.count))
        #expect(history.loss.points.map(\.least).min() == own.loss.points.map(\.least).min())
        #expect(history.loss.points.map(\.most).max() == own.loss.points.map(\.most).max())
    }
}
