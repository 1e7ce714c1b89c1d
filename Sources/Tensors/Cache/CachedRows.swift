import CKernels

/// The keys, or the values, of one head at some positions: [S, D].
///
/// The tensor that they lie in outlives them.
struct CachedRows {
    private let rows: cached_rows

    /// - Parameter kind: the format's name in CKernels.
    init(kind: Int32, start: UnsafePointer<UInt8>, count: Int, size: Int) {
        rows = cached_rows(kind: kind, start: start, count: count, size: size)
    }

    /// The rows where they are floats; nil else.
    fileprivate var floats: Matrix<Float>? {
        guard rows.kind == Int32(CACHED_FLOAT),
            let start = UnsafeMutableRawPointer(mutating: rows.start)
        else { return nil }
        return Matrix(
            start.assumingMemoryBound(to: Float.self), rows: rows.count, columns: rows.size)
    }

    /// out = queries keysᵀ, for queries of one position by several heads: [G, D] -> [G, S].
    func dots(with queries: Matrix<Float>, into out: Matrix<Float>) {
        kernel_cached_dots(
            out.pointer, out.stride, queries.pointer, queries.stride, queries.rows, rows)
    }

    /// out = shares values, for shares of one position by several heads: [G, S] -> [G, D].
    ///
    /// - Parameter columns: those of the D that are computed, from a multiple of 16 to one or to D.
    func sums(by shares: Matrix<Float>, into out: Matrix<Float>, columns: Range<Int>) {
        kernel_cached_sums(
            out.pointer, out.stride, shares.pointer, shares.stride, shares.rows, rows,
            columns.lowerBound, columns.upperBound)
    }

    /// The rows as floats: as they lie, or what they stand for, which is exact.
    fileprivate func withFloats(on device: Device, _ body: (Matrix<Float>) -> Void) {
        if let floats { return body(floats) }
        let floats = device.uninitialized([rows.count, rows.size])
        kernel_cached_decode(floats.pointer, rows)
        withExtendedLifetime(floats) { body(floats.matrix) }
    }
}

/// Products for queries of several positions, which share what the cache holds as floats. They add in the
/// order of those of one position: a query's scores have the same bits, whatever queries stand beside it.
extension Device {
    /// out = queries keysᵀ, on the calling thread.
    func multiplySerially(
        _ queries: Matrix<Float>, keys: CachedRows, into out: Matrix<Float>
    ) {
        keys.withFloats(on: self) { multiplySerially(queries, $0.transposed, into: out) }
    }

    /// out = probabilities values, on the calling thread.
    func multiplySerially(
        _ probabilities: Matrix<Float>, values: CachedRows, into out: Matrix<Float>
    ) {
        values.withFloats(on: self) { multiplySerially(probabilities, $0, into: out) }
    }
}
