import Diagnostics
import Files

/// The first bytes of metrics.columns, which say how much of the rest counts: they are written last.
///
/// All numbers of the file are little-endian and of eight bytes, but for checksums and lengths of names.
package struct ColumnsHeader: Equatable, Sendable {
    /// Rows, one for each training step, and lines of other kinds.
    package internal(set) var (rowCount, lineCount) = (0, 0)
    /// The bytes of metrics.jsonl that the columns hold, up to the end of a line.
    package internal(set) var covered = 0
    /// The lines of these that could not be read.
    package internal(set) var damagedLineCount = 0
    /// Where the last chunk ends.
    var end = Self.size

    /// The room that it takes; chunks begin at multiples of this.
    static let size = 4096
    /// With the version of the format.
    private static let mark = ColumnsBytes.mark("columns1")
    private static let byteCount = 56

    init() {}

    init(in file: FileReader) throws(Failure) {
        let bytes = try file.bytes(at: 0, count: Self.byteCount)
        let words = ColumnsBytes.words(bytes)
        guard words[0] == Self.mark,
            words[6] == UInt64(CRC32C.checksum(Array(bytes.dropLast(8))))
        else { throw ColumnsBytes.damage("its first bytes", file) }
        let numbers = words[1...5].map { Int(truncatingIfNeeded: $0) }
        guard numbers.allSatisfy({ 0...file.size << 16 ~= $0 }),
            numbers[4] <= file.size, numbers[4] % Self.size == 0, numbers[4] >= Self.size
        else { throw ColumnsBytes.damage("its length", file) }
        (rowCount, lineCount, covered) = (numbers[0], numbers[1], numbers[2])
        (damagedLineCount, end) = (numbers[3], numbers[4])
    }

    var bytes: [UInt8] {
        let words =
            [Self.mark]
            + [rowCount, lineCount, covered, damagedLineCount, end].map {
                UInt64($0)
            }
        return ColumnsBytes.sealed(words)
    }
}

/// What the parts of metrics.columns have in common.
enum ColumnsBytes {
    /// Eight letters, by which a part is known.
    static func mark(_ letters: String) -> UInt64 { words(Array(letters.utf8))[0] }

    static func words(_ bytes: [UInt8]) -> [UInt64] {
        bytes.withUnsafeBytes { raw in
            stride(from: 0, to: raw.count - 7, by: 8).map {
                UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: $0, as: UInt64.self))
            }
        }
    }

    static func bytes(_ words: some Sequence<UInt64>) -> [UInt8] {
        words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
    }

    /// Words, and their checksum as one more.
    static func sealed(_ words: [UInt64]) -> [UInt8] {
        let bytes = bytes(words)
        return bytes + Self.bytes([UInt64(CRC32C.checksum(bytes))])
    }

    /// A length rounded up to whole pages.
    static func padded(_ byteCount: Int) -> Int {
        (byteCount + ColumnsHeader.size - 1) / ColumnsHeader.size * ColumnsHeader.size
    }

    static func damage(_ part: String, _ file: FileReader) -> Failure {
        Failure(
            "the columns of the metrics are damaged", expected: "\(part) as they were written",
            got: "other bytes", at: file.path,
            remedy: "remove the file: it is made again from metrics.jsonl")
    }
}
