import Diagnostics
import Files
import Foundation
import JSON

/// metrics.jsonl: one JSON object a line, appended as the run goes.
package final class MetricsFile: MetricsSink {
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
