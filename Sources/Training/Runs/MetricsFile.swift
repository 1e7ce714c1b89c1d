import Diagnostics
import Files
import Foundation
import JSON

/// metrics.jsonl: one JSON object a line, appended as the run goes.
package final class MetricsFile {
    private let path: String
    private let handle: FileHandle

    /// Opens the file; lines of steps after `lastStep` are cut, so that no step occurs twice.
    package init(at path: String, lastStep: Int) throws {
        self.path = path
        do {
            try Self.cut(path, after: lastStep)
            handle = try FileHandle(forWritingTo: URL(filePath: path))
            try handle.seekToEnd()
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure("cannot write metrics", got: error.localizedDescription, at: path)
        }
    }

    deinit { try? handle.close() }

    package func append(_ record: MetricsRecord) throws {
        do {
            try handle.write(contentsOf: Data((record.line + "\n").utf8))
        } catch {
            throw Failure(
                "cannot write metrics", got: error.localizedDescription, at: path,
                remedy: "free some space and resume")
        }
    }

    /// The step of the last checkpoint that a run has recorded as saved; nil for none.
    package static func lastSavedStep(in path: String) throws -> Int? {
        guard try DirectoryEntries.isThere(path) else { return nil }
        var last: Int?
        try forEachRecord(of: path) { json, _ in
            if json?["checkpoint"] != nil, let step = json?["step"]?.integer {
                last = max(step, last ?? step)
            }
            return true
        }
        return last
    }

    /// Calls `body` with each line, and with the record that it is; a run that was cut off may have
    /// left a torn line, which is none.
    ///
    /// - Parameters:
    ///   - what: describes what failed when the file cannot be opened.
    ///   - body: returns false to see no more of them.
    static func forEachRecord(
        of path: String, what: String = "cannot read the metrics of the run",
        _ body: (_ record: JSONValue?, _ line: ArraySlice<UInt8>) throws -> Bool
    ) throws {
        try FileLines(of: path, what: what).forEachLine { line in
            try body(line.withUnsafeBytes { try? JSONValue(parsing: $0, at: path) }, line)
        }
    }

    /// Most runs are gone on with where they stopped: then there is nothing to write.
    private static func cut(_ path: String, after lastStep: Int) throws {
        guard try DirectoryEntries.isThere(path) else {
            return try PublishedFile.write([], to: path)
        }
        func isKept(_ record: JSONValue?) -> Bool {
            record.map { ($0["step"]?.integer ?? 0) <= lastStep } ?? false
        }
        var isWhole = try FileLines(of: path).endsWithLineFeed
        try forEachRecord(of: path) { record, _ in
            isWhole = isWhole && isKept(record)
            return isWhole
        }
        guard !isWhole else { return }
        try PublishedFile.write(to: path) { writer in
            var block: [UInt8] = []
            try forEachRecord(of: path) { record, line in
                guard isKept(record) else { return true }
                block += line + [UInt8(ascii: "\n")]
                if block.count >= blockSize {
                    try writer.write(block)
                    block.removeAll(keepingCapacity: true)
                }
                return true
            }
            try writer.write(block)
        }
    }

    /// Bytes that are written at a time.
    private static let blockSize = 1 << 20
}

/// One line of metrics.jsonl.
package enum MetricsRecord: Sendable {
    case train(TrainingMetrics)
    /// The validation loss after `step` batches, in nats a token.
    case validation(step: Int, loss: Double)
    case event(step: Int, String)
    /// An outer step of islands; the average loss of all of them since the last one, where it is known.
    case outer(OuterStep, loss: Double?, skippedCount: Int)
    /// The event that the checkpoint of `step` lies at `path`, whole.
    case saved(step: Int, path: String)

    package var line: String {
        switch self {
        case .train(let metrics): metrics.json.text()
        case .validation(let step, let loss):
            JSONValue.object([
                "kind": .string("validation"), "step": .integer(step), "loss": .number(loss),
            ]).text()
        case .outer(let outer, let loss, let skippedCount):
            JSONValue.object([
                "kind": .string("outer"), "step": .integer(outer.step),
                "fragment": .integer(outer.fragment), "islands": .integer(outer.islandCount),
                "loss": loss.map(JSONValue.number) ?? .null,
                "skipped_steps": .integer(skippedCount),
                "sent_bytes": .integer(outer.sentByteCount),
                "seconds": .object(["waited": .number(outer.seconds)]),
            ]).text()
        case .event(let step, let message):
            JSONValue.object([
                "kind": .string("event"), "step": .integer(step), "message": .string(message),
            ]).text()
        case .saved(let step, let path):
            JSONValue.object([
                "kind": .string("event"), "step": .integer(step),
                "message": .string("saved \(path)"),
                "checkpoint": .string(CheckpointStore.name(ofStep: step)),
            ]).text()
        }
    }
}

/// The metrics of one training step.
package struct TrainingMetrics: Sendable {
    /// Batches consumed, this one included.
    package var step: Int
    /// Tokens consumed since the start of the run.
    package var tokens: Int
    /// Nats per counted token of the global batch, before the update.
    package var loss: Double
    package var learningRate: Double
    /// Norm of the gradient before clipping.
    package var gradientNorm: Double
    package var tokensPerSecond: Double
    /// Seconds of the parts of the step, on this rank.
    package var seconds: [String: Double]
    package var peakMemoryBytes: Int
    /// Times of the step by kinds of operations; nil where they were not asked for.
    package var profile: StepTimes?

    var json: JSONValue {
        var members: [String: JSONValue] = [
            "kind": .string("train"), "step": .integer(step), "tokens": .integer(tokens),
            "loss": .number(loss), "learning_rate": .number(learningRate),
            "gradient_norm": .number(gradientNorm), "tokens_per_second": .number(tokensPerSecond),
            "seconds": .object(seconds.mapValues(JSONValue.number)),
            "peak_memory_bytes": .integer(peakMemoryBytes),
        ]
        members["profile"] = profile.map { profile in
            let shares = profile.shares.map { ($0.part.key, JSONValue.number($0.seconds)) }
            return .object(Dictionary(uniqueKeysWithValues: shares))
        }
        return .object(members)
    }
}
