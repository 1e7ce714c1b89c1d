import JSON
import ModelFiles
import TemporaryFolders
import Testing
import Training

@Suite struct MetricsFileTests {
    private func steps(_ text: String) throws -> [Int?] {
        try text.split(separator: "\n").map {
            try JSONValue(parsing: Array($0.utf8), at: "metrics")["step"]?.integer
        }
    }

    @Test func recordsAreOneJSONObjectALine() throws {
        let folder = try TemporaryFolder()
        let file = try MetricsFile(at: folder("metrics.jsonl"), lastStep: 0)
        try file.append(.validation(step: 1, loss: 2.5))
        try file.append(.event(step: 1, "saved \"a\"\nb"))
        #expect(
            try folder.text("metrics.jsonl") == """
                {"kind":"validation","loss":2.5,"step":1}
                {"kind":"event","message":"saved \\"a\\"\\nb","step":1}

                """)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func numbersThatJSONDoesNotKnowAreNull(loss: Double) {
        let line = MetricsRecord.validation(step: 1, loss: loss).line
        #expect(line == #"{"kind":"validation","loss":null,"step":1}"#)
    }

    @Test func linesAfterTheCheckpointAreCut() throws {
        let folder = try TemporaryFolder()
        do {
            let file = try MetricsFile(at: folder("metrics.jsonl"), lastStep: 0)
            for step in 1...6 { try file.append(.validation(step: step, loss: 2)) }
            try file.append(.event(step: 6, "saved"))
        }
        let file = try MetricsFile(at: folder("metrics.jsonl"), lastStep: 4)
        try file.append(.validation(step: 5, loss: 2))
        #expect(try steps(folder.text("metrics.jsonl")) == [1, 2, 3, 4, 5])
    }

    /// A kill in the middle of a write leaves half a line without a line break.
    @Test func aTornLineIsCut() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            MetricsRecord.validation(step: 1, loss: 2).line + "\n{\"kind\":\"train\",\"st",
            to: "metrics.jsonl")
        let file = try MetricsFile(at: folder("metrics.jsonl"), lastStep: 1)
        try file.append(.validation(step: 2, loss: 2))
        #expect(try steps(folder.text("metrics.jsonl")) == [1, 2])
    }

    /// Metrics of several blocks: torn in the middle, and with steps to be cut.
    @Test func manyLinesAreReadAndCutAsAStream() throws {
        let folder = try TemporaryFolder()
        let lines = (1...30_000).map { step in
            step % 10_000 == 0
                ? MetricsRecord.saved(step: step, path: "checkpoints").line
                : MetricsRecord.validation(step: step, loss: 2).line
        }
        let text = lines.joined(separator: "\n") + "\n"
        try folder.write(text, to: "metrics.jsonl")
        #expect(try folder.bytes("metrics.jsonl").count > 1 << 20)
        #expect(try MetricsFile.lastSavedStep(in: folder("metrics.jsonl")) == 30_000)
        _ = try MetricsFile(at: folder("metrics.jsonl"), lastStep: 30_000)
        #expect(try folder.text("metrics.jsonl") == text)

        let torn = lines[..<76] + [String(lines[76].prefix(9))] + lines[77...]
        try folder.write(torn.joined(separator: "\n"), to: "metrics.jsonl")
        _ = try MetricsFile(at: folder("metrics.jsonl"), lastStep: 29_000)
        #expect(
            try steps(folder.text("metrics.jsonl")) == (1...29_000).filter { $0 != 77 })
    }

    @Test func aFolderThatIsNotThereIsNamed() {
        let line = failureLine { _ = try MetricsFile(at: "/absent/metrics.jsonl", lastStep: 0) }
        #expect(line.contains("/absent"))
    }
}
