extension Device {
    /// out = a b, or out += a b, with `epilogue` called on each tile as soon as it is computed, while
    /// it is in the cache. Sums are floats, whatever the elements.
    ///
    /// - Precondition: both operands have the same elements, unless bfloat16 is widened.
    package func multiply<Left: ComputeElement, Right: ComputeElement, Out: ComputeElement>(
        _ a: Matrix<Left>, _ b: Matrix<Right>, into out: Matrix<Out>, adds: Bool = false,
        epilogue: (Tile) -> Void = { _ in }
    ) {
        precondition(
            a.columns == b.rows && a.rows == out.rows && b.columns == out.columns
                && !out.isTransposed,
            "cannot multiply \(a.rows)x\(a.columns) by \(b.rows)x\(b.columns) "
                + "into \(out.rows)x\(out.columns)")
        if out.rows == 1 && !a.isTransposed && !b.isTransposed, let b = b as? Matrix<Left> {
            multiplyRow(a, b, into: out, adds: adds)
            return epilogue(Tile(rows: 0..<1, columns: 0..<out.columns))
        }
        let tiling = Tiling(
            rows: out.rows, columns: out.columns, depth: a.columns, isFine: products.cutsFinely)
        if let rows = RowBlocks(a, b, into: out, adds: adds, on: self) {
            rows.widen(on: self)
            return forEach(tiling.count, as: .matmul) { index in
                let tile = tiling[index]
                guard !tile.rows.isEmpty && !tile.columns.isEmpty else { return }
                rows.compute(tile)
                epilogue(tile)
            }
        }
        if let widened = WidenedProduct(a, b, into: out, adds: adds, tiling, on: self) {
            return operations.measure(.matmul) {
                widened.compute(on: threads.threadCount, epilogue)
            }
        }
        guard let b = b as? Matrix<Left> else {
            preconditionFailure("cannot multiply \(Left.self) by \(Right.self)")
        }
        forEach(tiling.count, as: .matmul) { index in
            let tile = tiling[index]
            guard !tile.rows.isEmpty && !tile.columns.isEmpty else { return }
            Left.multiply(tile, a, b, into: out, adds: adds, by: products)
            epilogue(tile)
        }
    }

    /// Computes the product on the calling thread, in one piece.
    func multiplySerially<In: ComputeElement, Out: ComputeElement>(
        _ a: Matrix<In>, _ b: Matrix<In>, into out: Matrix<Out>, adds: Bool = false
    ) {
        let tiling = Tiling(oneTileOf: out.rows, out.columns)
        if let rows = RowBlocks(a, b, into: out, adds: adds, on: self, isWhole: true) {
            rows.widen()
            return rows.compute(tiling[0])
        }
        if let widened = WidenedProduct(a, b, into: out, adds: adds, tiling, on: self) {
            return widened.compute(on: 1)
        }
        In.multiply(tiling[0], a, b, into: out, adds: adds, by: products)
    }
}
