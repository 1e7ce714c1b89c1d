import Diagnostics
import Files
import Foundation
import JSON

/// metrics.jsonl: one JSON object a line, appended as the run goes.
package final class MetricsFile: MetricsSink {
    private let file: AppendedFile

    /// Opens the file; lines of steps after `lastStep` are cut, so that no step occurs twice.
    package init(at path: String, lastStep: Int) throws {
        try AppendedFile.cutLines(of: path) { line in
            let record = Self.record(line, at: path)
            return record.map { ($0["step"]?.integer ?? 0) <= lastStep } ?? false
        }
        file = try AppendedFile(at: path)
    }

    package func append(_ record: MetricsRecord) throws {
        try file.append(Array((record.line + "\n").utf8))
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
        try FileLines(of: path, what: what).forEachLine { try body(record($0, at: path), $0) }
    }

    /// What a line says; nil for one that is torn.
    private static func record(_ line: ArraySlice<UInt8>, at path: String) -> JSONValue? {
        line.withUnsafeBytes { try? JSONValue(parsing: $0, at: path) }
    }
}
