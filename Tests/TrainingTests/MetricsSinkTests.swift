import Files
import Foundation
import JSON
import TemporaryFolders
import Testing
import Training

@Suite struct MetricsSinkTests {
    private func train(_ step: Int, _ measures: [String: Double] = [:]) -> MetricsRecord {
        .train(
            TrainingMetrics(
                step: step, tokens: 64 * step, loss: 5 - Double(step) / 8, learningRate: 0.25,
                gradientNorm: 1.5, tokensPerSecond: 1000, seconds: ["total": 0.5],
                peakMemoryBytes: 1 << 30, measures: measures))
    }

    /// The check value of the polynomial, from RFC 3720.
    @Test func checksumsAreThoseOfTheStandard() {
        #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    }

    @Test func tensorBoardGetsEachStepOnce() throws {
        let folder = try TemporaryFolder()
        do {
            let file = try TensorBoardFile(in: folder("tensorboard"), lastStep: 0)
            for step in 1...300 { try file.append(train(step)) }
            try file.append(.validation(step: 300, loss: 2))
            try file.append(.event(step: 300, "said"))
        }
        let resumed = try TensorBoardFile(in: folder("tensorboard"), lastStep: 200)
        for step in 201...203 { try resumed.append(train(step)) }
        try resumed.append(.validation(step: 203, loss: 2.5))
        let events = try self.events(of: folder("tensorboard"))
        #expect(events.map(\.step) == [0] + Array(1...203) + [203])
        #expect(events[0].text.contains("brain.Event:2"))
        #expect(events[1].text.contains("train/loss") && events[1].text.contains("lr"))
        #expect(events[204].text.contains("validation/loss"))
    }

    /// A kill leaves half an event.
    @Test func aTornEventIsCut() throws {
        let folder = try TemporaryFolder()
        do {
            let file = try TensorBoardFile(in: folder("tensorboard"), lastStep: 0)
            for step in 1...3 { try file.append(train(step)) }
        }
        let path = try #require(try eventFile(in: folder("tensorboard")))
        let handle = try FileHandle(forWritingTo: URL(filePath: path))
        try handle.truncate(atOffset: try handle.seekToEnd() - 5)
        try handle.close()
        let resumed = try TensorBoardFile(in: folder("tensorboard"), lastStep: 3)
        try resumed.append(train(3))
        #expect(try events(of: folder("tensorboard")).map(\.step) == [0, 1, 2, 3])
    }

    @Test func theTableHasARowAStep() throws {
        let folder = try TemporaryFolder()
        do {
            let table = try MetricsTable(at: folder("metrics.csv"), lastStep: 0)
            for step in 1...4 { try table.append(train(step)) }
            try table.append(.validation(step: 4, loss: 2))
        }
        let table = try MetricsTable(at: folder("metrics.csv"), lastStep: 2)
        try table.append(.validation(step: 2, loss: 2.25))
        #expect(
            try folder.text("metrics.csv") == """
                step,tokens,loss,learning_rate,gradient_norm,tokens_per_second,seconds,\
                peak_memory_bytes,validation_loss
                1,64,4.875,0.25,1.5,1000.0,0.5,1073741824,
                2,128,4.75,0.25,1.5,1000.0,0.5,1073741824,
                2,,,,,,,,2.25

                """)
    }

    /// Each number that a tool shows is explained, and nothing else is.
    @Test func theGlossaryKnowsEachNumber() {
        let outer = OuterStep(
            step: 4, fragment: 0, islandCount: 2, sentByteCount: 8, seconds: 0.5)
        let measures = Dictionary(
            uniqueKeysWithValues: MetricGlossary.measures.map { ($0.name, 1.0) })
        let records: [MetricsRecord] = [
            train(4, measures), .validation(step: 4, loss: 2, measures: measures),
            .outer(outer, loss: 3, skippedCount: 0),
            .tasks(
                step: 4,
                [["task": "t", "questions": 3, "shots": 0, "cut": 0, "acc": 0.5, "acc_stderr": 0]]),
        ]
        let shown = records.flatMap(\.scalars).map { scalar in
            let parts = scalar.name.split(separator: "/")
            return switch parts[0] {
            case "seconds": "seconds/NAME"
            case "tasks": "tasks/NAME/METRIC"
            default: scalar.name
            }
        }
        #expect(Set(shown) == Set(MetricGlossary.entries.flatMap(\.tags)))
    }

    private func eventFile(in directory: String) throws -> String? {
        try DirectoryEntries.names(in: directory).first { $0.hasPrefix("events.out.tfevents.") }
            .map { directory + "/" + $0 }
    }

    /// The events of a file whose checksums are right, read as TensorFlow's reader does.
    private func events(of directory: String) throws -> [(step: Int, text: String)] {
        let path = try #require(try eventFile(in: directory))
        let bytes = try [UInt8](Data(contentsOf: URL(filePath: path)))
        func number(_ offset: Int, _ count: Int) -> UInt64 {
            bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        var (offset, events): (Int, [(step: Int, text: String)]) = (0, [])
        while offset < bytes.count {
            let count = Int(number(offset, 8))
            let message = Array(bytes[offset + 12..<offset + 12 + count])
            #expect(
                number(offset + 8, 4) == UInt64(CRC32C.masked(Array(bytes[offset..<offset + 8]))))
            #expect(number(offset + 12 + count, 4) == UInt64(CRC32C.masked(message)))
            let low = Int(message[10])
            let step = low < 0x80 ? low : low & 0x7F | Int(message[11]) << 7
            events.append((step, String(decoding: message, as: UTF8.self)))
            offset += 16 + count
        }
        return events
    }
}
