import Diagnostics
import Files

/// Lines of metrics.jsonl that are no training steps, as they stand there, in metrics.columns: after the end
/// of each in that file and its length come its bytes.
struct LineChunk: Sendable {
    /// Where it begins in the file, and the bytes that it has room for.
    let position: Int
    let capacity: Int
    /// Bytes and lines that it holds.
    var (used, count) = (0, 0)
    var checksum: UInt32 = 0

    struct Line: Sendable {
        /// Where it ends in metrics.jsonl, with its line feed.
        let end: Int
        let bytes: [UInt8]

        /// As it stands in a chunk.
        var record: [UInt8] {
            ColumnsBytes.bytes([UInt64(end), UInt64(bytes.count)]) + bytes
        }
    }

    private static let mark = ColumnsBytes.mark("linepart")
    private static let (headerSize, wordCount) = (64, 5)
    /// Its usual length.
    private static let byteCount = 16 << 10

    /// An empty chunk with room for `byteCount` bytes at least.
    init(at position: Int, byteCount: Int) {
        self.position = position
        let whole = ColumnsBytes.padded(max(Self.byteCount, byteCount + Self.headerSize))
        capacity = whole - Self.headerSize
    }

    /// The chunk that begins at a place.
    ///
    /// - Throws: `Failure` where none does.
    init(in file: FileReader, at position: Int) throws(Failure) {
        let bytes = try file.bytes(at: position, count: 8 * (Self.wordCount + 1))
        let words = ColumnsBytes.words(bytes)
        let numbers = words.map { Int(truncatingIfNeeded: $0) }
        guard words[0] == Self.mark,
            words[5] == UInt64(CRC32C.checksum(Array(bytes.dropLast(8)))),
            0...file.size ~= numbers[1], 0...numbers[1] ~= numbers[2],
            (numbers[1] + Self.headerSize) % ColumnsHeader.size == 0,
            0...numbers[2] / 16 ~= numbers[3],
            let checksum = UInt32(exactly: words[4])
        else { throw ColumnsBytes.damage("the head of lines", file) }
        self.position = position
        (capacity, used, count, self.checksum) = (numbers[1], numbers[2], numbers[3], checksum)
    }

    /// The same chunk without lines.
    var emptied: LineChunk {
        var chunk = self
        (chunk.used, chunk.count, chunk.checksum) = (0, 0, 0)
        return chunk
    }

    mutating func note(_ record: [UInt8]) {
        checksum = CRC32C.checksum(record, after: checksum)
        used += record.count
        count += 1
    }

    var byteCount: Int { capacity + Self.headerSize }
    /// Where its lines begin in the file.
    var start: Int { position + Self.headerSize }

    var header: [UInt8] {
        ColumnsBytes.sealed([
            Self.mark, UInt64(capacity), UInt64(used), UInt64(count), UInt64(checksum),
        ])
    }

    /// Its first lines.
    func lines(of file: FileReader, count wanted: Int) throws(Failure) -> [Line] {
        let bytes = try file.bytes(at: start, count: used)
        let damage = ColumnsBytes.damage("lines", file)
        guard wanted <= count, CRC32C.checksum(bytes) == checksum else { throw damage }
        var (lines, place): ([Line], Int) = ([], 0)
        for _ in 0..<wanted {
            guard place + 16 <= used else { throw damage }
            let words = ColumnsBytes.words(Array(bytes[place..<place + 16]))
            let length = Int(truncatingIfNeeded: words[1])
            guard 0...used - place - 16 ~= length else { throw damage }
            let end = Int(truncatingIfNeeded: words[0])
            lines.append(Line(end: end, bytes: Array(bytes[place + 16..<place + 16 + length])))
            place += 16 + length
        }
        return lines
    }
}
