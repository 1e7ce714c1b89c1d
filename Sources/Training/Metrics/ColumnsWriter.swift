import Diagnostics
import Files
import JSON

/// Writes metrics.columns: what metrics.jsonl says, as columns.
///
/// Rows and lines are written behind those that are there; a header that counts them is written last, so
/// that whoever reads at the same time, or after a kill, sees a part that is whole.
package final class ColumnsWriter: @unchecked Sendable {
    // Sendable: its owner is one thread, or keeps it behind a lock.
    let file: PartialFileWriter
    package internal(set) var header: ColumnsHeader
    var chunk: RowChunk?
    var lines: LineChunk?
    /// The place of each column by its name.
    private var places: [[UInt8]: Int] = [:]
    /// The values of rows that are not written yet, by columns.
    var waiting: [[Double]] = []
    private var waitingLines: [LineChunk.Line] = []
    /// What a point of each level above the values has taken up, by columns.
    var open: [[ColumnPoint]] = []

    /// Begins an empty file.
    package init(new path: String) throws(Failure) {
        try PartialFileWriter.create(path, size: ColumnsHeader.size)
        file = try PartialFileWriter(path: path)
        header = ColumnsHeader()
        try write(header.bytes, at: 0)
    }

    /// Goes on in a file of which the first rows stay, and the lines of metrics.jsonl before them.
    ///
    /// - Precondition: there are so many rows, one at least.
    init(path: String, goingOnWith reader: ColumnsReader, rowCount: Int) throws(Failure) {
        file = try PartialFileWriter(path: path)
        header = reader.header
        header.covered = try reader.end(ofRow: rowCount - 1)
        header.rowCount = rowCount
        let kept = try reader.lines().prefix { $0.end <= header.covered }
        header.lineCount = kept.count
        header.damagedLineCount = 0
        try write(header.bytes, at: 0)
        try cut(reader)
    }

    /// Takes up lines of metrics.jsonl that are new, at most `limit` bytes of them.
    ///
    /// - Returns: whether there was something new.
    @discardableResult
    package func catchUp(with metrics: FileReader, limit: Int = 4 << 20) throws -> Bool {
        let end = try MetricsLines.forEach(of: metrics, from: header.covered, limit: limit) {
            try take($0, end: $1)
        }
        guard end > header.covered else { return false }
        header.covered = end
        try commit()
        return true
    }

    private func take(_ line: ArraySlice<UInt8>, end: Int) throws(Failure) {
        let record = line.withUnsafeBytes { try? JSONValue(parsing: $0, at: "metrics.jsonl") }
        guard let record, record.members != nil else {
            header.damagedLineCount += 1
            return
        }
        if let row = MetricsRow(record, end: end) {
            try add(row)
        } else if ["validation", "event"].contains(record["kind"]?.string), line.count < 1 << 20 {
            waitingLines.append(LineChunk.Line(end: end, bytes: Array(line)))
        }
    }

    /// Puts the file on the disk.
    package func finish() throws(Failure) { try file.finish() }

    func write(_ bytes: [UInt8], at offset: Int) throws(Failure) {
        let result: Result<Void, Failure> = bytes.withUnsafeBytes { buffer in
            Result { () throws(Failure) in try file.write(buffer, at: offset) }
        }
        try result.get()
    }
}

// MARK: Rows

extension ColumnsWriter {
    /// A step that stands in the wrong place is left out.
    private func add(_ row: MetricsRow) throws(Failure) {
        if let chunk, chunk.used + waiting[0].count > 0, row.step <= chunk.lastStep { return }
        try makeRoom(for: row)
        guard var chunk else { return }
        if chunk.used + waiting[0].count == 0 { chunk.firstStep = row.step }
        chunk.lastStep = row.step
        self.chunk = chunk
        for column in waiting.indices { waiting[column].append(.nan) }
        let last = waiting[0].count - 1
        waiting[RowChunk.stepColumn][last] = Double(row.step)
        waiting[RowChunk.endColumn][last] = Double(row.end)
        for (name, value) in row.values {
            if let column = places[name] { waiting[column][last] = value }
        }
    }

    /// Begins a chunk where the one before is full, or lacks a column.
    private func makeRoom(for row: MetricsRow) throws(Failure) {
        let new = row.values.map(\.name).filter { places[$0] == nil }
        if let chunk {
            let hasRoom = chunk.used + waiting[0].count < chunk.capacity
            guard !hasRoom || !new.isEmpty && chunk.names.count < RowChunk.maximumNameCount else {
                return
            }
            try writeRows()
        }
        let names = (chunk?.names ?? []) + new
        let next = RowChunk(
            at: header.end, names: Array(names.prefix(RowChunk.maximumNameCount)),
            after: header.rowCount)
        try reserve(next.byteCount)
        use(next)
    }

    func use(_ chunk: RowChunk) {
        self.chunk = chunk
        places = Dictionary(
            zip(chunk.names, RowChunk.ownColumnCount...), uniquingKeysWith: { first, _ in first })
        waiting = Array(repeating: [], count: chunk.columnCount)
        open = Array(
            repeating: Array(repeating: ColumnPoint(), count: chunk.levelCount),
            count: chunk.columnCount)
    }

    /// Makes the file longer: its last byte is there from now on.
    private func reserve(_ byteCount: Int) throws(Failure) {
        header.end += byteCount
        try write([0], at: header.end - 1)
    }

    /// Writes what waits, and the head that counts it.
    private func writeRows() throws(Failure) {
        guard var chunk, !waiting[0].isEmpty else { return }
        for column in waiting.indices {
            try append(waiting[column], to: &chunk, column: column, level: 0)
            let points = points(of: waiting[column], column: column, after: chunk.used)
            for (level, numbers) in points.enumerated() {
                try append(numbers, to: &chunk, column: column, level: level + 1)
            }
        }
        chunk.used += waiting[0].count
        header.rowCount += waiting[0].count
        for column in waiting.indices { waiting[column].removeAll(keepingCapacity: true) }
        self.chunk = chunk
        try write(chunk.header, at: chunk.position)
    }

    /// The numbers of the points of each level that are whole by these values.
    private func points(of values: [Double], column: Int, after used: Int) -> [[Double]] {
        var numbers: [[Double]] = Array(repeating: [], count: open[column].count)
        for (index, value) in values.enumerated() {
            for level in open[column].indices {
                open[column][level].add(value)
                guard (used + index + 1) % RowChunk.span(ofLevel: level + 1) == 0 else { continue }
                let point = open[column][level]
                numbers[level] += [point.least, point.most, point.sum, point.count]
                open[column][level] = ColumnPoint()
            }
        }
        return numbers
    }

    private func append(
        _ numbers: [Double], to chunk: inout RowChunk, column: Int, level: Int
    ) throws(Failure) {
        guard !numbers.isEmpty else { return }
        let bytes = ColumnsBytes.bytes(numbers.lazy.map(\.bitPattern))
        let there = chunk.count(ofLevel: level) * RowChunk.byteCount(ofLevel: level)
        let section = level * chunk.columnCount + column
        try write(
            bytes, at: chunk.position + chunk.offset(column: column, level: level) + there)
        chunk.checksums[section] = CRC32C.checksum(bytes, after: chunk.checksums[section])
    }
}

// MARK: Lines, and the end

extension ColumnsWriter {
    private func commit() throws(Failure) {
        try writeRows()
        for line in waitingLines {
            let record = line.record
            if lines.map({ $0.used + record.count > $0.capacity }) ?? true {
                let next = LineChunk(at: header.end, byteCount: record.count)
                try reserve(next.byteCount)
                // One without lines is no end of the file that can be read.
                try write(next.header, at: next.position)
                lines = next
            }
            guard var lines else { continue }
            try write(record, at: lines.start + lines.used)
            lines.note(record)
            self.lines = lines
            try write(lines.header, at: lines.position)
            header.lineCount += 1
        }
        waitingLines.removeAll()
        try write(header.bytes, at: 0)
    }
}
