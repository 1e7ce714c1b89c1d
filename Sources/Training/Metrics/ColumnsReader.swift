import Diagnostics
import Files
import JSON
import Synchronization

/// metrics.columns as it was when it was opened: the figures of all steps of a run, of which any part can be
/// drawn at once, and the lines that are no steps.
///
/// It is read by position and not mapped: a file that somebody cuts off would end a program that has
/// mapped it, which may be the training itself.
package final class ColumnsReader: Sendable {
    package let header: ColumnsHeader
    let file: FileReader
    /// Those whose rows count: the number of the first of them, and how many do.
    let chunks: [(first: Int, count: Int, rows: RowChunk)]
    /// Those whose lines count, and how many do.
    let lineChunks: [(count: Int, lines: LineChunk)]
    /// What was written but never counted, or is left of steps that were cut.
    let surplus: (rows: [RowChunk], lines: [LineChunk])
    /// Sections whose checksums were right.
    private let checked = Mutex<Set<Int>>([])

    /// - Throws: `Failure` for a file that is not there, of another version, damaged, or being written.
    package init(path: String) throws(Failure) {
        file = try FileReader(path: path)
        header = try ColumnsHeader(in: file)
        var (chunks, lineChunks): ([(Int, Int, RowChunk)], [(Int, LineChunk)]) = ([], [])
        var surplus: ([RowChunk], [LineChunk]) = ([], [])
        var (position, rowCount, lineCount) = (ColumnsHeader.size, 0, 0)
        while position < header.end {
            if let rows = try RowChunk(in: file, at: position) {
                position += rows.byteCount
                let count = min(rows.used, header.rowCount - rowCount)
                if count > 0 {
                    chunks.append((rowCount, count, rows))
                } else {
                    surplus.0.append(rows)
                }
                rowCount += count
            } else {
                let lines = try LineChunk(in: file, at: position)
                position += lines.byteCount
                let count = min(lines.count, header.lineCount - lineCount)
                if count > 0 { lineChunks.append((count, lines)) } else { surplus.1.append(lines) }
                lineCount += count
            }
        }
        guard position == header.end, rowCount == header.rowCount, lineCount == header.lineCount
        else { throw ColumnsBytes.damage("as many rows and lines", file) }
        (self.chunks, self.lineChunks, self.surplus) = (chunks, lineChunks, surplus)
    }

    /// The lines that are no training steps.
    func lines() throws(Failure) -> [LineChunk.Line] {
        var lines: [LineChunk.Line] = []
        for (count, chunk) in lineChunks { lines += try chunk.lines(of: file, count: count) }
        return lines
    }

    /// Calls `body` with each line of metrics.jsonl that tells of no training step.
    package func forEachLine(_ body: (ArraySlice<UInt8>) -> Void) throws(Failure) {
        for line in try lines() { body(line.bytes[...]) }
    }

    /// The numbers of a section of a chunk, from a value or point on.
    func numbers(
        ofChunk index: Int, column: Int, level: Int, _ range: Range<Int>
    ) throws(Failure) -> [Double] {
        let chunk = chunks[index].rows
        let size = RowChunk.byteCount(ofLevel: level)
        let start = chunk.position + chunk.offset(column: column, level: level)
        try check(chunk, index, column: column, level: level, at: start)
        let bytes = try file.bytes(at: start + size * range.lowerBound, count: size * range.count)
        return ColumnsBytes.words(bytes).map { Double(bitPattern: $0) }
    }

    private func check(
        _ chunk: RowChunk, _ index: Int, column: Int, level: Int, at start: Int
    ) throws(Failure) {
        let section = level * chunk.columnCount + column
        let key = index << 16 | section
        guard !checked.withLock({ $0.contains(key) }) else { return }
        let count = chunk.count(ofLevel: level) * RowChunk.byteCount(ofLevel: level)
        guard CRC32C.checksum(try file.bytes(at: start, count: count)) == chunk.checksums[section]
        else { throw ColumnsBytes.damage("figures", file) }
        checked.withLock { _ = $0.insert(key) }
    }
}

extension ColumnsReader {
    /// Whether the columns are those of a metrics.jsonl: it holds as much as they have taken up, and the line
    /// of their last row there has its step and its loss.
    package func isOf(_ metrics: FileReader) -> Bool {
        guard header.rowCount > 0, metrics.size >= header.covered else { return false }
        return (try? lineIsThere(ofRow: header.rowCount - 1, in: metrics)) == true
    }

    /// Whether the line of a row stands where it did.
    func lineIsThere(ofRow row: Int, in metrics: FileReader) throws -> Bool {
        let end = Int(try value(ofRow: row, column: RowChunk.endColumn))
        guard end > 0, end <= metrics.size else { return false }
        let bytes = try metrics.bytes(at: max(0, end - 65_536), count: min(end, 65_536))
        guard bytes.last == MetricsLines.feed else { return false }
        let line = bytes.dropLast().split(separator: MetricsLines.feed).last ?? []
        let record = line.withUnsafeBytes { try? JSONValue(parsing: $0, at: metrics.path) }
        guard let found = record.flatMap({ MetricsRow($0, end: end) }) else { return false }
        let index = try chunkIndex(ofRow: row)
        let name = Array("loss".utf8)
        if let loss = found.values.first(where: { $0.name == name })?.value,
            let column = chunks[index].rows.names.firstIndex(of: name)
        {
            let own = try value(ofRow: row, column: column + RowChunk.ownColumnCount)
            guard own.bitPattern == loss.bitPattern || own.isNaN && loss.isNaN else {
                return false
            }
        }
        return try Double(found.step) == value(ofRow: row, column: RowChunk.stepColumn)
    }

    private func value(ofRow row: Int, column: Int) throws(Failure) -> Double {
        let index = try chunkIndex(ofRow: row)
        let place = row - chunks[index].first
        return try numbers(ofChunk: index, column: column, level: 0, place..<place + 1)[0]
    }

    private func chunkIndex(ofRow row: Int) throws(Failure) -> Int {
        guard let index = chunks.lastIndex(where: { $0.first <= row }) else {
            throw ColumnsBytes.damage("a row", file)
        }
        return index
    }

    /// The first row whose step is not before one.
    func row(ofStep step: Int) throws(Failure) -> Int {
        guard let index = chunks.lastIndex(where: { $0.rows.firstStep <= step }) else { return 0 }
        let (first, count, chunk) = chunks[index]
        if chunk.lastStep - chunk.firstStep == chunk.used - 1 {
            return first + min(count, step - chunk.firstStep)
        }
        let steps = try numbers(
            ofChunk: index, column: RowChunk.stepColumn, level: 0, 0..<count)
        return first + (steps.firstIndex { $0 >= Double(step) } ?? count)
    }

    /// The last step.
    package var lastStep: Int {
        get throws(Failure) {
            guard header.rowCount > 0 else { return 0 }
            return Int(try value(ofRow: header.rowCount - 1, column: RowChunk.stepColumn))
        }
    }

    /// The end of the line of a row in metrics.jsonl.
    func end(ofRow row: Int) throws(Failure) -> Int {
        Int(try value(ofRow: row, column: RowChunk.endColumn))
    }
}
