import Diagnostics
import Glibc

/// A text file, read by ranges of bytes. It is open only while it is read, because a preparation
/// may name more files than a process can hold open.
struct SourceFile {
    let path: String
    let size: Int

    /// What is read at a time where a file is scanned from front to back.
    static let blockSize = 1 << 20

    init(path: String) throws {
        self.path = path
        let descriptor = try openForReading(path, what: "cannot read the text")
        defer { close(descriptor) }
        size = try fileSize(of: descriptor, at: path)
    }

    func bytes(_ range: Range<Int>) throws -> [UInt8] {
        let descriptor = try openForReading(path, what: "cannot read the text")
        defer { close(descriptor) }
        let bytes = try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            count = try readBytes(
                descriptor, from: range.lowerBound,
                into: .init(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<range.count]),
                at: path)
        }
        guard bytes.count == range.count else {
            throw Failure(
                "the text has changed while it was read", expected: "\(range.upperBound) bytes",
                got: "\(range.lowerBound + bytes.count)", at: path, remedy: "prepare it again")
        }
        return bytes
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
}
