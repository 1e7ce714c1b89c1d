import Files
import Foundation
import JSON
import TemporaryFolders
import Testing
import Training

/// metrics.columns says what metrics.jsonl says, whatever happens to it.
@Suite struct MetricsColumnsTests {
    private let folder: TemporaryFolder
    private var metrics: String { folder("metrics.jsonl") }
    private var columns: String { folder("metrics.columns") }

    /// Sums of many rows are added in another order.
    private static let tolerance = 1e-12

    init() throws { folder = try TemporaryFolder() }

    private func train(_ step: Int, loss: Double? = nil) -> MetricsRecord {
        .train(
            TrainingMetrics(
                step: step, tokens: 64 * step,
                loss: loss ?? (step % 41 == 0 ? .nan : 5 + sin(Double(step)) * 3),
                learningRate: 1 / Double(step), gradientNorm: Double(step % 97),
                tokensPerSecond: 1000, seconds: ["total": 0.5, "data": Double(step % 5)],
                peakMemoryBytes: 1 << 30,
                measures: step > 300 ? ["rewards/margins": Double(step)] : [:]))
    }

    /// What a run does: metrics.jsonl, and the columns beside it.
    private func run(_ steps: ClosedRange<Int>, after lastStep: Int, loss: Double? = nil) throws {
        let file = try MetricsFile(at: metrics, lastStep: lastStep)
        let sink = try MetricsColumns(at: columns, of: metrics, lastStep: lastStep)
        for step in steps {
            var records = [train(step, loss: loss)]
            if step % 50 == 0 {
                records += [
                    .validation(step: step, loss: Double(step)), .saved(step: step, path: "x"),
                ]
            }
            for record in records {
                try file.append(record)
                try sink.append(record)
            }
        }
    }

    private func records() throws -> [JSONValue] {
        try folder.text("metrics.jsonl").split(separator: "\n").map {
            try JSONValue(parsing: Array($0.utf8), at: "metrics.jsonl")
        }
    }

    /// Compares the columns with the lines, at the levels that curves of different lengths come from.
    private func expectEqual(
        _ reader: ColumnsReader, names: [String] = Self.names,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let records = try records()
        let steps = records.filter { $0["kind"]?.string == "train" }
        #expect(reader.header.rowCount == steps.count, sourceLocation: sourceLocation)
        #expect(
            reader.header.covered == (try folder.bytes("metrics.jsonl")).count,
            sourceLocation: sourceLocation)
        for name in names {
            let values = steps.map { Self.value($0, name) }
            for share in [1, 7, 16, 256, 4096, 65_536, .max] {
                let parts = try reader.curve(name, in: 0...Int(Int32.max), share: share)
                let isRight = Self.isCurve(
                    parts, of: values, steps.map { $0["step"]?.integer ?? 0 }, share)
                #expect(isRight, "\(name), \(share)", sourceLocation: sourceLocation)
            }
            let all = try reader.whole(name)
            #expect(
                Int(all.count) == values.filter(\.isFinite).count, "\(name)",
                sourceLocation: sourceLocation)
        }
        var lines: [JSONValue] = []
        try reader.forEachLine { line in
            if let record = try? JSONValue(parsing: Array(line), at: "") { lines.append(record) }
        }
        #expect(
            lines == records.filter { $0["kind"]?.string != "train" },
            sourceLocation: sourceLocation)
    }

    private static let names = [
        "tokens", "loss", "learning_rate", "gradient_norm", "seconds.total", "seconds.data",
        "peak_memory_bytes", "rewards/margins",
    ]

    private static func value(_ record: JSONValue, _ name: String) -> Double {
        let parts = name.split(separator: ".").map(String.init)
        let member = parts.count == 2 ? record[parts[0]]?[parts[1]] : record[name]
        return member?.double ?? .nan
    }

    private static func isCurve(
        _ parts: [ColumnsReader.Part], of values: [Double], _ steps: [Int], _ share: Int
    ) -> Bool {
        var start = 0
        for (index, part) in parts.enumerated() {
            let end = start + part.rowCount
            guard end <= values.count, part.step == steps[end - 1],
                part.rowCount >= share || index == parts.count - 1
            else { return false }
            let own = values[start..<end].filter(\.isFinite)
            guard Double(own.count) == part.point.count else { return false }
            if !own.isEmpty {
                let mean = own.reduce(0, +) / Double(own.count)
                guard part.point.least == own.min(), part.point.most == own.max(),
                    abs(part.point.mean - mean) <= tolerance * max(1, abs(mean))
                else { return false }
            }
            start = end
        }
        return start == values.count
    }

    @Test func equalsTheLinesAtEachLevel() throws {
        try run(1...20_000, after: 0)
        try expectEqual(ColumnsReader(path: columns))
        // The part that can be seen of some steps.
        let part = try ColumnsReader(path: columns).curve("tokens", in: 12_345...12_347, share: 1)
        #expect(part.map(\.step) == [12_345, 12_346, 12_347])
        #expect(part.map(\.point.mean) == [790_080, 790_144, 790_208])
    }

    /// The coarsest level has a point for 65,536 steps.
    @Test func equalsTheLinesOfALongRun() throws {
        let lines = (1...140_000).map {
            "{\"kind\":\"train\",\"step\":\($0),\"loss\":\(Double($0 % 1013) / 64)}\n"
        }
        try folder.write(lines.joined(), to: "metrics.jsonl")
        _ = try MetricsColumns(at: columns, of: metrics, lastStep: 140_000)
        try expectEqual(ColumnsReader(path: columns), names: ["loss"])
    }

    @Test(arguments: [299, 300, 256, 272, 1, 899, 0])
    func aResumedRunCutsWhatCameAfterItsCheckpoint(lastStep: Int) throws {
        try run(1...900, after: 0)
        try run(lastStep + 1...lastStep + 700, after: lastStep, loss: 2.5)
        try expectEqual(ColumnsReader(path: columns))
        try run(lastStep + 701...lastStep + 5000, after: lastStep + 700)
        try expectEqual(ColumnsReader(path: columns))
    }

    /// A kill leaves columns that lack the last lines; an older program resumes without them.
    @Test func columnsThatAreBehindOrOfOtherStepsAreSetRight() throws {
        try run(1...500, after: 0)
        let early = try folder.bytes("metrics.columns")
        try run(501...800, after: 500)
        try folder.put(early, at: "metrics.columns")
        try run(801...1000, after: 800)
        try expectEqual(ColumnsReader(path: columns))
        // The same steps with other figures.
        let late = try folder.bytes("metrics.columns")
        try DirectoryEntries.remove(metrics)
        try run(1...1000, after: 0, loss: 1.25)
        try folder.put(late, at: "metrics.columns")
        try run(1001...1010, after: 1000)
        try expectEqual(ColumnsReader(path: columns))
    }

    /// Whatever was cut off or changed: either it is told, or nothing that counts has been.
    @Test func damageIsFoundAndMadeGood() throws {
        try run(1...700, after: 0)
        let whole = try folder.bytes("metrics.columns")
        var random = SystemRandomNumberGenerator()
        let cuts = [0, 10, 55, 56, 4095, 4096, 5000, whole.count / 2, whole.count - 1]
        for cut in cuts {
            try folder.put(Array(whole.prefix(cut)), at: "metrics.columns")
            #expect(throws: (any Error).self) { try ColumnsReader(path: columns) }
        }
        var foundCount = 0
        for _ in 0..<100 {
            var bytes = whole
            let place = Int(random.next() % UInt64(bytes.count))
            bytes[place] ^= UInt8(1 << (random.next() % 8))
            try folder.put(bytes, at: "metrics.columns")
            do {
                try expectEqual(ColumnsReader(path: columns))
            } catch {
                foundCount += 1
            }
        }
        #expect(foundCount > 0)
        let others: [[UInt8]] = [
            [], Array("columns1".utf8), Array(whole.prefix(9000)),
            Array(repeating: 0, count: 20_000),
        ]
        for bytes in others {
            try folder.put(bytes, at: "metrics.columns")
            _ = try MetricsColumns(at: columns, of: metrics, lastStep: 700)
            try expectEqual(ColumnsReader(path: columns))
        }
    }

    @Test func namesAreBytesAndNothingElse() throws {
        let names = [
            "</script><script>alert(1)</script>", "\\u0000", "a\\nb", "\\u001b[2J", "", "\u{202E}x",
            "step.step", "loss", "__proto__",
        ]
        let many = (0..<100).map { "\"m\($0)\":\($0)" }.joined(separator: ",")
        let long = String(repeating: "x", count: 5000)
        var text = ""
        for step in 1...40 {
            let members = names.map { "\"\($0)\":\(step)" }.joined(separator: ",")
            text += "{\"kind\":\"train\",\"step\":\(step),\(members),\"\(long)\":1}\n"
            text += "torn\n[]\n{\"kind\":\"event\",\"step\":\(step),\"message\":\"<b>\"}\n"
        }
        text += "{\"kind\":\"train\",\"step\":41,\(many)}\n"
        text += "{\"kind\":\"train\",\"step\":3,\"loss\":1}\n{\"kind\":\"train\",\"step\":-1}\n"
        text += "{\"kind\":\"train\",\"step\":9223372036854775807}\n{\"kind\":\"tr"
        try folder.write(text, to: "metrics.jsonl")
        let sink = try MetricsColumns(at: columns, of: metrics, lastStep: .max - 1)
        withExtendedLifetime(sink) {}
        let reader = try ColumnsReader(path: columns)
        #expect(reader.header.rowCount == 41)
        #expect(reader.header.damagedLineCount == 80)
        #expect(reader.header.lineCount == 40)
        for name in [
            "</script><script>alert(1)</script>", "\u{0}", "a\nb", "", "\u{202E}x", "loss",
        ] {
            let curve = try reader.curve(name, in: 1...40, share: 1)
            #expect(curve.map(\.point.mean) == (1...40).map(Double.init), "\(name)")
        }
        #expect(try reader.whole("m0").count == 1)
        #expect(try reader.whole("m99").count == 0)
        #expect(try reader.whole(long).count == 0)
    }

    /// Who reads sees what was there when he began.
    @Test func aReaderBesideTheRunSeesAWholePart() throws {
        let file = try MetricsFile(at: metrics, lastStep: 0)
        let writer = try ColumnsWriter(new: columns)
        for step in 1...2000 {
            try file.append(train(step))
            guard step % 100 == 0 else { continue }
            let before = try ColumnsReader(path: columns)
            try writer.catchUp(with: FileReader(path: metrics))
            let tokens = try before.curve("tokens", in: 0...Int(Int32.max), share: 1)
            #expect(tokens.map(\.step) == Array(1..<step - 99))
            #expect(try before.isOf(FileReader(path: metrics)) == (step > 100))
        }
        try expectEqual(ColumnsReader(path: columns))
    }
}
