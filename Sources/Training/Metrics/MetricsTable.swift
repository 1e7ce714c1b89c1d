import Diagnostics
import Files
import Foundation

/// metrics.csv: a row for each step and for each validation, for spreadsheets.
package final class MetricsTable: MetricsSink {
    private let path: String
    private let handle: FileHandle

    private static let columns = [
        "step", "tokens", "loss", "learning_rate", "gradient_norm", "tokens_per_second", "seconds",
        "peak_memory_bytes", "validation_loss",
    ]
    private static let header = columns.joined(separator: ",")

    /// Opens the file; rows of steps after `lastStep` are cut.
    package init(at path: String, lastStep: Int) throws {
        self.path = path
        try Self.cut(path, after: lastStep)
        do {
            handle = try FileHandle(forWritingTo: URL(filePath: path))
            try handle.seekToEnd()
        } catch {
            throw Failure("cannot write metrics", got: error.localizedDescription, at: path)
        }
    }

    deinit { try? handle.close() }

    package func append(_ record: MetricsRecord) throws {
        guard let row = Self.row(record) else { return }
        do {
            try handle.write(contentsOf: Data((row.joined(separator: ",") + "\n").utf8))
        } catch {
            throw Failure(
                "cannot write metrics", got: error.localizedDescription, at: path,
                remedy: "free some space and resume")
        }
    }

    /// Writes the header, and the rows that stay.
    private static func cut(_ path: String, after lastStep: Int) throws {
        let isThere = try DirectoryEntries.isThere(path)
        try PublishedFile.write(to: path) { writer in
            try writer.write(Array((header + "\n").utf8))
            guard isThere else { return }
            try FileLines(of: path).forEachLine { line in
                let row = String(decoding: line, as: UTF8.self)
                let fields = row.split(separator: ",", omittingEmptySubsequences: false)
                guard fields.count == columns.count, let step = Int(fields[0]) else { return true }
                if step <= lastStep { try writer.write(Array((row + "\n").utf8)) }
                return true
            }
        }
    }

    private static func row(_ record: MetricsRecord) -> [String]? {
        switch record {
        case .train(let own):
            [
                "\(own.step)", "\(own.tokens)", "\(own.loss)", "\(own.learningRate)",
                "\(own.gradientNorm)", "\(own.tokensPerSecond)", "\(own.seconds["total"] ?? 0)",
                "\(own.peakMemoryBytes)", "",
            ]
        case .validation(let step, let loss):
            ["\(step)"] + Array(repeating: "", count: columns.count - 2) + ["\(loss)"]
        case .event, .outer, .saved: nil
        }
    }
}
