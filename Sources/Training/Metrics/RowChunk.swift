import Diagnostics
import Files

/// Rows of metrics.columns that stand together: the values of each column one after the other, and before
/// them the points of coarser levels, of which each stands for `factor` of the level below.
///
/// A chunk has room for more rows than it may hold. Its sections only grow at their ends, and the header
/// has a checksum of each up to there.
struct RowChunk: Sendable {
    /// Where it begins in the file.
    let position: Int
    /// Rows that it has room for.
    let capacity: Int
    /// Of the columns behind the first two, which are the step of a row and the end of its line in
    /// metrics.jsonl.
    let names: [[UInt8]]
    /// Rows that it holds.
    var used = 0
    var (firstStep, lastStep) = (0, 0)
    /// Of the sections, level by level from the values on.
    var checksums: [UInt32]

    /// Values that are one point of the next level.
    static let factor = 16
    /// The columns that each chunk has.
    static let (stepColumn, endColumn, ownColumnCount) = (0, 1, 2)
    static let (maximumNameCount, maximumNameLength) = (64, 128)
    /// Small ones at first, so that a short run has a small file.
    private static let capacities = [256, 4096, 65_536]
    private static let mark = ColumnsBytes.mark("row part")
    private static let wordCount = 9

    /// An empty chunk.
    ///
    /// - Parameter rowCount: of the chunks before it.
    init(at position: Int, names: [[UInt8]], after rowCount: Int) {
        self.position = position
        self.names = names
        capacity = Self.capacities.first { rowCount < Self.factor * $0 } ?? Self.capacities[2]
        checksums = Array(
            repeating: 0,
            count: Self.sectionCount(capacity: capacity, nameCount: names.count))
    }

    /// The same chunk without rows.
    var emptied: RowChunk {
        var chunk = self
        (chunk.used, chunk.firstStep, chunk.lastStep) = (0, 0, 0)
        chunk.checksums = checksums.map { _ in 0 }
        return chunk
    }

    var columnCount: Int { names.count + Self.ownColumnCount }

    /// Levels of points above the values.
    var levelCount: Int { Self.levelCount(capacity: capacity) }

    private static func levelCount(capacity: Int) -> Int {
        capacity.trailingZeroBitCount / factor.trailingZeroBitCount
    }

    private static func sectionCount(capacity: Int, nameCount: Int) -> Int {
        (levelCount(capacity: capacity) + 1) * (nameCount + ownColumnCount)
    }

    /// Rows that a point of a level stands for.
    static func span(ofLevel level: Int) -> Int { 1 << (4 * level) }

    /// Values, or points of four numbers each.
    static func byteCount(ofLevel level: Int) -> Int { level == 0 ? 8 : 32 }

    private var headerSize: Int {
        let names = names.reduce(0) { $0 + 1 + $1.count }
        return ColumnsBytes.padded(8 * (Self.wordCount + 1) + names + 4 * checksums.count)
    }

    /// Bytes of the whole chunk.
    var byteCount: Int {
        ColumnsBytes.padded(offset(column: columnCount, level: 0))
    }

    /// Where a section begins, from the begin of the chunk; the coarsest level comes first.
    func offset(column: Int, level: Int) -> Int {
        let coarser = stride(from: levelCount, to: level, by: -1).reduce(headerSize) {
            $0 + columnCount * sectionSize($1)
        }
        return coarser + column * sectionSize(level)
    }

    private func sectionSize(_ level: Int) -> Int {
        capacity / Self.span(ofLevel: level) * Self.byteCount(ofLevel: level)
    }

    /// Values or points of a level that are whole.
    func count(ofLevel level: Int) -> Int { used / Self.span(ofLevel: level) }
}

extension RowChunk {
    /// The header as it stands in the file.
    var header: [UInt8] {
        let list = names.flatMap { [UInt8($0.count)] + $0 }
        let sums = checksums.flatMap { sum in withUnsafeBytes(of: sum.littleEndian) { Array($0) } }
        let rest = list + sums
        let numbers = [
            headerSize, capacity, used, names.count, list.count, firstStep, lastStep,
            Int(CRC32C.checksum(rest)),
        ]
        return ColumnsBytes.sealed([Self.mark] + numbers.map { UInt64($0) }) + rest
    }

    /// The chunk that begins at a place; nil where one of another kind does.
    init?(in file: FileReader, at position: Int) throws(Failure) {
        let start = try file.bytes(at: position, count: 8 * (Self.wordCount + 1))
        let words = ColumnsBytes.words(start)
        guard words[0] == Self.mark else { return nil }
        let damage = ColumnsBytes.damage("the head of rows", file)
        guard words[9] == UInt64(CRC32C.checksum(Array(start.dropLast(8)))) else { throw damage }
        let numbers = words.map { Int(truncatingIfNeeded: $0) }
        guard Self.capacities.contains(numbers[2]), 0...numbers[2] ~= numbers[3],
            0...Self.maximumNameCount ~= numbers[4],
            0...(Self.maximumNameLength + 1) * Self.maximumNameCount ~= numbers[5],
            0...numbers[7] ~= numbers[6], numbers[7] <= Int32.max
        else { throw damage }
        self.position = position
        (capacity, used, firstStep, lastStep) = (numbers[2], numbers[3], numbers[6], numbers[7])
        let sumCount = Self.sectionCount(capacity: capacity, nameCount: numbers[4])
        let rest = try file.bytes(at: position + start.count, count: numbers[5] + 4 * sumCount)
        guard words[8] == UInt64(CRC32C.checksum(rest)),
            let names = Self.names(rest.prefix(numbers[5]), count: numbers[4])
        else { throw damage }
        self.names = names
        checksums = rest.withUnsafeBytes { raw in
            (0..<sumCount).map { index in
                let sum = raw.loadUnaligned(
                    fromByteOffset: numbers[5] + 4 * index, as: UInt32.self)
                return UInt32(littleEndian: sum)
            }
        }
        guard numbers[1] == headerSize else { throw damage }
    }

    /// Names behind their lengths; nil where they do not fill the bytes.
    private static func names(_ bytes: ArraySlice<UInt8>, count: Int) -> [[UInt8]]? {
        var (names, rest): ([[UInt8]], ArraySlice<UInt8>) = ([], bytes)
        for _ in 0..<count {
            guard let length = rest.popFirst(), length <= rest.count else { return nil }
            names.append(Array(rest.prefix(Int(length))))
            rest.removeFirst(Int(length))
        }
        return rest.isEmpty ? names : nil
    }
}
