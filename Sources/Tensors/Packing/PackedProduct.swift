extension Device {
    /// Packed weights that one thread takes at a time.
    private static let weightsInChunk = 1 << 17

    /// out = a b, of packed weights where there are some and a is a single row.
    package func multiply<In: ComputeElement, Out: ComputeElement>(
        _ a: Matrix<In>, _ b: Matrix<In>, packed: PackedMatrix?, into out: Matrix<Out>,
        epilogue: (Tile) -> Void = { _ in }
    ) {
        guard let packed, out.rows == 1 else {
            return multiply(a, b, into: out, epilogue: epilogue)
        }
        precondition(
            a.columns == packed.rows && out.columns == packed.columns
                && b.isTransposed == packed.isTransposed && !a.isTransposed,
            "cannot multiply 1x\(a.columns) by packed \(packed.rows)x\(packed.columns) "
                + "into 1x\(out.columns)")
        multiplyRow(a, packed, into: out, epilogue: epilogue)
    }

    /// The product of a single row with packed weights, bit for bit that with the matrix itself.
    func multiplyRow<In: ComputeElement, Out: ComputeElement>(
        _ a: Matrix<In>, _ b: PackedMatrix, into out: Matrix<Out>, epilogue: (Tile) -> Void
    ) {
        let (depth, columns) = (a.columns, out.columns)
        let (rows, sums) = (uninitialized([depth]), uninitialized([columns]))
        let (x, sum) = (rows.pointer, sums.pointer)
        In.widen(x, a.pointer, depth)
        let part = Self.rowsInStretch(depth: depth, columns: columns)
        let size = PackedMatrix.blockSize
        let grain = b.isTransposed ? max(1, Self.weightsInChunk / depth) : size
        forEachChunk(of: columns, grain: grain, as: .matmul) { chunk in
            let start = chunk.lowerBound
            if b.isTransposed {
                b.product(x, columns: chunk, into: sum + start)
            } else {
                b.product(x, columnsFrom: start, inPartsOf: part, into: sum + start)
            }
            Out.narrow(out.pointer + start, sum + start, chunk.count)
            epilogue(Tile(rows: 0..<1, columns: chunk))
        }
        withExtendedLifetime((rows, sums)) {}
    }
}
