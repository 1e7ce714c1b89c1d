import Files
import Foundation
import Synchronization

/// A run whose metrics.jsonl is read on as it grows; one that was cut is read anew.
final class FollowedRun: Sendable {
    /// The directory of the run.
    let path: String
    private let state = Mutex(State())

    /// What is known of the run so far.
    struct State: Sendable {
        var history = RunHistory()
        var series = StepSeries()
        /// Bytes that were read, up to the end of a line, and those that there are.
        fileprivate(set) var (offset, size) = (0, 0)
        /// The file that they are of.
        fileprivate var file: UInt64 = 0
        /// Seconds since 1970 at which it was written to.
        fileprivate(set) var modified = 0.0

        /// The share of the file that has been read.
        var share: Double { size > 0 ? min(1, Double(offset) / Double(size)) : 1 }
    }

    /// Bytes that are read at a time, so that others wait a moment only.
    private static let piece = 4 << 20

    init(at path: String) { self.path = path }

    var snapshot: State { state.withLock { $0 } }

    /// Reads a piece of what is new.
    ///
    /// - Returns: whether there was something, and more may be.
    func refresh() -> Bool {
        let path = path + "/metrics.jsonl"
        guard let facts = try? FileManager.default.attributesOfItem(atPath: path),
            let reader = try? FileReader(path: path)
        else { return false }
        let file = (facts[.systemFileNumber] as? NSNumber)?.uint64Value ?? 0
        let modified = (facts[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        return state.withLock { state in
            if file != state.file || reader.size < state.offset { state = State() }
            (state.file, state.size, state.modified) = (file, reader.size, modified)
            return state.read(reader, Self.piece)
        }
    }
}

extension FollowedRun.State {
    fileprivate mutating func read(_ reader: FileReader, _ piece: Int) -> Bool {
        let count = min(piece, reader.size - offset)
        let feed = UInt8(ascii: "\n")
        guard count > 0, let bytes = try? reader.bytes(at: offset, count: count),
            let end = bytes.lastIndex(of: feed)
        else { return false }
        for line in bytes[..<end].split(separator: feed) {
            if let record = history.note(line: line) { series.append(record) }
        }
        history.settle()
        offset += end + 1
        return true
    }
}
