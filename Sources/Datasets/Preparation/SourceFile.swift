import Diagnostics
import Files

/// A text file, read by ranges of bytes. It is open only while it is read, because a preparation
/// may name more files than a process can hold open.
struct SourceFile {
    let path: String
    let size: Int

    /// The number of bytes read at a time where a file is scanned from front to back.
    static let blockSize = 1 << 20

    init(path: String) throws {
        self.path = path
        size = try Self.open(path).size
    }

    func bytes(_ range: Range<Int>) throws -> [UInt8] {
        let reader = try Self.open(path)
        guard reader.size >= range.upperBound else {
            throw Failure(
                "the text has changed while it was read", expected: "\(range.upperBound) bytes",
                got: "\(reader.size)", at: path, remedy: "prepare it again")
        }
        return try reader.bytes(at: range.lowerBound, count: range.count)
    }

    /// Calls `body` with one block of the range after the other, and its place in the file.
    /// Each begins `overlap` bytes before the end of the one before.
    func forEachBlock(
        of range: Range<Int>, overlap: Int = 0,
        _ body: (_ offset: Int, _ block: [UInt8]) throws -> Void
    ) throws {
        var offset = range.lowerBound
        while offset < range.upperBound {
            let end = min(offset + Self.blockSize, range.upperBound)
            try body(offset, bytes(offset..<end))
            offset = end == range.upperBound ? end : end - overlap
        }
    }

    private static func open(_ path: String) throws -> FileReader {
        try FileReader(path: path, what: "cannot read the text")
    }
}
