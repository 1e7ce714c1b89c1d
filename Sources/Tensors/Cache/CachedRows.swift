import CKernels

/// The keys, or the values, of one head at some positions: [S, D].
///
/// The tensor that they lie in outlives them.
enum CachedRows {
    case floats(Matrix<Float>)
    case encoded(EncodedRows)
}

/// Rows in fewer bits than floats have.
struct EncodedRows {
    /// The format's name in CKernels.
    let kind: Int32
    let start: UnsafePointer<UInt8>
    let count: Int
    let size: Int

    /// Writes the numbers that the rows stand for, which is exact.
    func decode(into floats: Tensor<Float>) {
        kernel_cached_decode(kind, floats.pointer, start, count, size)
    }
}

extension Device {
    /// out = queries keysᵀ, on the calling thread.
    ///
    /// A single query reads the keys as they lie; several share the keys as floats. Both add in one
    /// order: a query's scores have the same bits, whatever queries stand beside it.
    func multiplySerially(
        _ queries: Matrix<Float>, keys: CachedRows, into out: Matrix<Float>
    ) {
        switch keys {
        case .floats(let keys): multiplySerially(queries, keys.transposed, into: out)
        case .encoded(let keys) where queries.rows == 1:
            kernel_cached_dots(
                keys.kind, out.pointer, queries.pointer, keys.start, keys.count, keys.size)
        case .encoded(let keys):
            withFloats(of: keys) { multiplySerially(queries, $0.transposed, into: out) }
        }
    }

    /// out = probabilities values, on the calling thread.
    func multiplySerially(
        _ probabilities: Matrix<Float>, values: CachedRows, into out: Matrix<Float>
    ) {
        switch values {
        case .floats(let values): multiplySerially(probabilities, values, into: out)
        case .encoded(let values) where probabilities.rows == 1:
            kernel_cached_sum(
                values.kind, out.pointer, probabilities.pointer, values.start, values.count,
                values.size)
        case .encoded(let values):
            withFloats(of: values) { multiplySerially(probabilities, $0, into: out) }
        }
    }

    private func withFloats(of rows: EncodedRows, _ body: (Matrix<Float>) -> Void) {
        let floats = uninitialized([rows.count, rows.size])
        rows.decode(into: floats)
        withExtendedLifetime(floats) { body(floats.matrix) }
    }
}
