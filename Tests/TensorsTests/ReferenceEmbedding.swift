import Tensors

extension Reference {
    /// This table's rows, by token id.
    func embedding(_ ids: [Int32], shape: [Int]) -> Reference {
        let rows = ids.flatMap { values[Int($0) * columnCount..<(Int($0) + 1) * columnCount] }
        return Reference(shape: shape + [columnCount], values: rows)
    }

    /// Adds row t of the table to position t of each sequence.
    func addingPositions(_ table: Reference) -> Reference {
        let (length, columns) = (shape[1], shape[2])
        var out = self
        for b in 0..<shape[0] {
            for t in 0..<length {
                for c in 0..<columns {
                    out.values[(b * length + t) * columns + c] += table.values[t * columns + c]
                }
            }
        }
        return out
    }
}
