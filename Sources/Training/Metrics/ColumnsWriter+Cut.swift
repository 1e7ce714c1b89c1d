import Diagnostics
import Files

extension ColumnsWriter {
    /// Goes on in a file of columns, or begins it anew where it is of another metrics.jsonl, damaged, or not
    /// there.
    ///
    /// - Parameter lastStep: rows of later steps are cut, as the lines of them have been.
    package static func open(
        _ path: String, of metrics: FileReader, lastStep: Int
    ) throws(Failure) -> ColumnsWriter {
        do {
            let reader = try ColumnsReader(path: path)
            let rowCount = try reader.row(ofStep: lastStep + 1)
            if rowCount > 0, try reader.lineIsThere(ofRow: rowCount - 1, in: metrics) {
                return try ColumnsWriter(path: path, goingOnWith: reader, rowCount: rowCount)
            }
        } catch {
            // What is wrong with it is of no matter: metrics.jsonl has all of it.
        }
        return try ColumnsWriter(new: path)
    }

    /// Makes the chunks say no more than what stays.
    func cut(_ reader: ColumnsReader) throws(Failure) {
        for (index, chunk) in reader.chunks.enumerated() {
            let kept = header.rowCount - chunk.first
            if kept <= 0 {
                try write(chunk.rows.emptied.header, at: chunk.rows.position)
            } else if kept <= chunk.count {
                try reopen(index, kept, reader)
            }
        }
        for rows in reader.surplus.rows { try write(rows.emptied.header, at: rows.position) }
        try cutLines(reader)
    }

    /// Takes a chunk for the one that rows are added to.
    private func reopen(_ index: Int, _ count: Int, _ reader: ColumnsReader) throws(Failure) {
        var chunk = reader.chunks[index].rows
        chunk.used = count
        use(chunk)
        for column in 0..<chunk.columnCount {
            for level in 0...chunk.levelCount {
                let numbers = try reader.numbers(
                    ofChunk: index, column: column, level: level, 0..<chunk.count(ofLevel: level))
                chunk.checksums[level * chunk.columnCount + column] = CRC32C.checksum(
                    ColumnsBytes.bytes(numbers.lazy.map(\.bitPattern)))
                if level == 0 { reopenPoints(column, numbers, &chunk) }
            }
        }
        self.chunk = chunk
        try write(chunk.header, at: chunk.position)
    }

    /// The points that have not taken up all of their rows.
    private func reopenPoints(_ column: Int, _ values: [Double], _ chunk: inout RowChunk) {
        if column == RowChunk.stepColumn, let last = values.last { chunk.lastStep = Int(last) }
        for level in open[column].indices {
            let span = RowChunk.span(ofLevel: level + 1)
            for value in values[(values.count / span * span)...] { open[column][level].add(value) }
        }
    }

    private func cutLines(_ reader: ColumnsReader) throws(Failure) {
        var rest = header.lineCount
        for (count, old) in reader.lineChunks {
            var chunk = old.emptied
            for line in try old.lines(of: reader.file, count: count).prefix(rest) {
                chunk.note(line.record)
            }
            rest -= chunk.count
            if chunk.count > 0 { lines = chunk }
            try write(chunk.header, at: chunk.position)
        }
        for lines in reader.surplus.lines { try write(lines.emptied.header, at: lines.position) }
    }
}
