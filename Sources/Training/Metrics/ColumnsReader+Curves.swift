import Diagnostics
import Files

extension ColumnsReader {
    /// Some neighbouring steps of a column.
    package struct Part: Equatable, Sendable {
        /// The last of them.
        package let step: Int
        /// Rows, with those whose value is no number.
        package let rowCount: Int
        package let point: ColumnPoint
    }

    /// The number of rows between two steps.
    package func rowCount(in steps: ClosedRange<Int>) throws(Failure) -> Int {
        try rows(of: steps).count
    }

    private func rows(of steps: ClosedRange<Int>) throws(Failure) -> Range<Int> {
        let first = try row(ofStep: steps.lowerBound)
        return first..<max(first, try row(ofStep: steps.upperBound + 1))
    }

    /// A column between two steps, by its name in metrics.jsonl, in parts of `share` rows or somewhat
    /// more; the first may begin before the range.
    package func curve(
        _ name: String, in steps: ClosedRange<Int>, share: Int
    ) throws(Failure) -> [Part] {
        var (parts, step, rowCount, point): ([Part], Int, Int, ColumnPoint) = ([], 0, 0, .init())
        func close() {
            if rowCount > 0 { parts.append(Part(step: step, rowCount: rowCount, point: point)) }
            (rowCount, point) = (0, ColumnPoint())
        }
        try forEachGroup(Array(name.utf8), try rows(of: steps), share) { last, rows, group in
            step = last
            rowCount += rows
            point.add(group)
            if rowCount >= share { close() }
        }
        close()
        return parts
    }

    /// All of a column as one point.
    package func whole(_ name: String) throws(Failure) -> ColumnPoint {
        var whole = ColumnPoint()
        try forEachGroup(Array(name.utf8), 0..<header.rowCount, .max) { whole.add($2) }
        return whole
    }

    /// The first or the last values of a column that are numbers, in the order of the steps.
    package func ends(_ name: String, count: Int, isLast: Bool) throws(Failure) -> [Double] {
        var found: [Double] = []
        for index in isLast ? Array(chunks.indices.reversed()) : Array(chunks.indices) {
            guard let column = column(Array(name.utf8), inChunk: index) else { continue }
            let size = chunks[index].count
            for start in stride(from: 0, to: size, by: 256) {
                let end = min(size, start + 256)
                let range = isLast ? size - end..<size - start : start..<end
                let values = try numbers(ofChunk: index, column: column, level: 0, range)
                    .filter { ColumnPoint($0).count > 0 }
                found = isLast ? values + found : found + values
                if found.count >= count {
                    return Array(isLast ? found.suffix(count) : found.prefix(count))
                }
            }
        }
        return found
    }

    private func column(_ name: [UInt8], inChunk index: Int) -> Int? {
        chunks[index].rows.names.firstIndex(of: name).map { $0 + RowChunk.ownColumnCount }
    }

    /// Calls `body` with neighbouring rows of a column, as few as a point stands for and no more than
    /// `share`: their last step, how many they are, and what they are together.
    private func forEachGroup(
        _ name: [UInt8], _ rows: Range<Int>, _ share: Int,
        _ body: (_ step: Int, _ rowCount: Int, ColumnPoint) -> Void
    ) throws(Failure) {
        for index in chunks.indices {
            let (first, count, chunk) = chunks[index]
            let own = (0..<count).clamped(
                to: rows.lowerBound - first..<rows.upperBound - first)
            guard !own.isEmpty else { continue }
            var level = chunk.levelCount
            while RowChunk.span(ofLevel: level) > share { level -= 1 }
            let span = RowChunk.span(ofLevel: level)
            let last = min(count, (own.upperBound + span - 1) / span * span)
            try groups(index, name, own.lowerBound / span * span..<last, level, body)
        }
    }

    /// What of a range is no whole point of a level is taken from the levels below.
    private func groups(
        _ index: Int, _ name: [UInt8], _ rows: Range<Int>, _ level: Int,
        _ body: (_ step: Int, _ rowCount: Int, ColumnPoint) -> Void
    ) throws(Failure) {
        let span = RowChunk.span(ofLevel: level)
        let whole = rows.lowerBound / span..<max(rows.lowerBound / span, rows.upperBound / span)
        if !whole.isEmpty {
            let steps = try points(index, RowChunk.stepColumn, level, whole)
            let own = try column(name, inChunk: index).map { column throws(Failure) in
                try points(index, column, level, whole)
            }
            for (place, step) in steps.enumerated() {
                body(Int(step.most), span, own?[place] ?? ColumnPoint())
            }
        }
        let rest = max(rows.lowerBound, whole.upperBound * span)..<rows.upperBound
        if !rest.isEmpty && level > 0 { try groups(index, name, rest, level - 1, body) }
    }

    private func points(
        _ index: Int, _ column: Int, _ level: Int, _ range: Range<Int>
    ) throws(Failure) -> [ColumnPoint] {
        let numbers = try numbers(ofChunk: index, column: column, level: level, range)
        guard level > 0 else { return numbers.map { ColumnPoint($0) } }
        return stride(from: 0, to: numbers.count, by: 4).map {
            ColumnPoint(
                least: numbers[$0], most: numbers[$0 + 1], sum: numbers[$0 + 2],
                count: numbers[$0 + 3])
        }
    }
}
