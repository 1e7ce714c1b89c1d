import CKernels

extension Device {
    /// Multiplications below which a row's product is not cut: each waits for a weight from memory.
    static let leastWorkOfRow = 1 << 15
    private static let mostStretches = 8

    /// The product of a single row with a matrix that is stored as the product sees it.
    ///
    /// Such a product is as fast as the weights come from memory, and they come fastest in stretches: the
    /// depth is cut, into parts that depend on the shape alone, and the sums of the parts are added
    /// in their order. With columns instead, two threads get 47 of 74 GB/s.
    func multiplyRow<In: ComputeElement, Out: ComputeElement>(
        _ a: Matrix<In>, _ b: Matrix<In>, into out: Matrix<Out>, adds: Bool
    ) {
        let (depth, columns) = (a.columns, out.columns)
        let rowsInStretch = Self.rowsInStretch(depth: depth, columns: columns)
        guard rowsInStretch < depth else {
            return multiplySerially(a, b, into: out, adds: adds)
        }
        let count = (depth + rowsInStretch - 1) / rowsInStretch
        let sums = uninitialized([count + 1, columns])
        let (sum, stride) = (sums.pointer, b.stride)
        forEachChunk(of: depth, grain: rowsInStretch, as: .matmul) { rows in
            let start = rows.lowerBound
            multiplySerially(
                Matrix(a.pointer + start, rows: 1, columns: rows.count),
                Matrix(
                    b.pointer + start * stride, rows: rows.count, columns: columns, stride: stride),
                into: Matrix(sum + start / rowsInStretch * columns, rows: 1, columns: columns))
        }
        if adds { Out.widen(sum + count * columns, out.pointer, columns) }
        for part in 1..<(adds ? count + 1 : count) {
            kernel_add(sum, sum, sum + part * columns, columns)
        }
        Out.narrow(out.pointer, sum, columns)
    }

    /// The rows of the matrix whose products are summed before those of the next ones.
    static func rowsInStretch(depth: Int, columns: Int) -> Int {
        let wanted = min(mostStretches, depth * columns / leastWorkOfRow)
        return wanted > 1 ? ((depth + wanted - 1) / wanted + 3) / 4 * 4 : depth
    }
}
