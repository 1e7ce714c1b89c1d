import Diagnostics
import Files

/// A text file, read by ranges of bytes. It is open only while it is read, because a preparation may
/// name more files than a process can hold open.
package struct SourceText: Equatable, Sendable {
    package let path: String
    /// The bytes of the file.
    package let size: Int
    /// The whole text, where it is small enough to be held in memory, so that it is read but once.
    private let held: [UInt8]?

    package init(path: String) throws(Failure) {
        self.init(path: path, size: try Self.open(path).size)
    }

    /// A file whose size another process has found.
    package init(path: String, size: Int, held: [UInt8]? = nil) {
        precondition(held.map { $0.count == size } ?? true, "the bytes of the whole file")
        self.path = path
        self.size = size
        self.held = held
    }

    /// Whether reading costs nothing.
    var isHeld: Bool { held != nil }

    /// The bytes of a range, which lies in 0..<size.
    package func bytes(_ range: Range<Int>) throws(Failure) -> [UInt8] {
        if let held { return Array(held[range]) }
        let reader = try Self.open(path)
        guard reader.size == size else {
            throw Failure(
                "the text has changed since it was first looked at, or is another on some rank",
                expected: "\(size) bytes", got: "\(reader.size)", at: path,
                remedy: "prepare it again, from the same files on all hosts")
        }
        return try reader.bytes(at: range.lowerBound, count: range.count)
    }

    /// Calls `body` with one block of the range after the other, and its place in the file.
    /// Each begins `overlap` bytes before the end of the one before.
    func forEachBlock(
        of range: Range<Int>, overlap: Int = 0, size: Int = 1 << 20,
        _ body: (_ offset: Int, _ block: [UInt8]) throws -> Void
    ) throws {
        var offset = range.lowerBound
        while offset < range.upperBound {
            let end = min(offset + size, range.upperBound)
            try body(offset, bytes(offset..<end))
            offset = end == range.upperBound ? end : end - overlap
        }
    }

    private static func open(_ path: String) throws(Failure) -> FileReader {
        try FileReader(path: path, what: "cannot read the text")
    }
}
