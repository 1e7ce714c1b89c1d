extension Tape {
    /// Product of the last two axes, in all four transpositions, for each index of the others:
    /// [..., M, K] x [..., K, N] -> [..., M, N]. A transposed operand is given as [..., K, M] or
    /// [..., N, K].
    ///
    /// With A and B as the product sees them: dA = dY Bᵀ, dB = Aᵀ dY.
    package func matmul(
        _ a: Variable, _ b: Variable, transposeA: Bool = false, transposeB: Bool = false
    ) -> Variable {
        let shape = BatchedProduct(a.shape, b.shape, transposeA, transposeB)
        let y = device.uninitialized(shape.outShape)
        device.multiplyBatch(shape, a.value, b.value, into: y)
        return record(y, inputs: [a.node, b.node]) { [device, av = a.value, bv = b.value] dy in
            a.node?.contribute { da, adds in
                for index in 0..<shape.batchCount {
                    let (dY, b) = (shape.out(dy, index), shape.b(bv, index))
                    let (left, right) = transposeA ? (b, dY.transposed) : (dY, b.transposed)
                    device.multiply(left, right, into: shape.stored(da, index), adds: adds)
                }
            }
            b.node?.contribute { db, adds in
                for index in 0..<shape.batchCount {
                    let (dY, a) = (shape.out(dy, index), shape.a(av, index))
                    let (left, right) = transposeB ? (dY.transposed, a) : (a.transposed, dY)
                    device.multiply(left, right, into: shape.stored(db, index), adds: adds)
                }
            }
        }
    }
}

/// The shapes of a batched product and the matrix of each index.
private struct BatchedProduct {
    let batchShape: [Int]
    let m: Int, k: Int, n: Int
    let transposeA: Bool, transposeB: Bool

    init(_ a: [Int], _ b: [Int], _ transposeA: Bool, _ transposeB: Bool) {
        precondition(
            a.count >= 2 && a.count == b.count && a.dropLast(2) == b.dropLast(2),
            "expected equal leading axes, got \(a) and \(b)")
        let (aRows, aColumns) = (a[a.count - 2], a[a.count - 1])
        let (bRows, bColumns) = (b[b.count - 2], b[b.count - 1])
        (m, k) = transposeA ? (aColumns, aRows) : (aRows, aColumns)
        n = transposeB ? bRows : bColumns
        precondition(
            k == (transposeB ? bColumns : bRows), "inner sizes differ: \(a) and \(b)")
        batchShape = Array(a.dropLast(2))
        self.transposeA = transposeA
        self.transposeB = transposeB
    }

    var batchCount: Int { batchShape.reduce(1, *) }
    var outShape: [Int] { batchShape + [m, n] }

    func a(_ tensor: Tensor<Float>, _ index: Int) -> Matrix<Float> {
        Matrix(tensor.pointer + index * m * k, rows: m, columns: k, isTransposed: transposeA)
    }

    func b(_ tensor: Tensor<Float>, _ index: Int) -> Matrix<Float> {
        Matrix(tensor.pointer + index * k * n, rows: k, columns: n, isTransposed: transposeB)
    }

    func out(_ tensor: Tensor<Float>, _ index: Int) -> Matrix<Float> {
        Matrix(tensor.pointer + index * m * n, rows: m, columns: n)
    }

    /// The matrix of an operand as it is stored, without its transposition.
    func stored(_ tensor: Tensor<Float>, _ index: Int) -> Matrix<Float> {
        let (rows, columns) = (tensor.shape[tensor.shape.count - 2], tensor.columnCount)
        return Matrix(tensor.pointer + index * rows * columns, rows: rows, columns: columns)
    }
}

extension Device {
    fileprivate func multiplyBatch(
        _ shape: BatchedProduct, _ a: Tensor<Float>, _ b: Tensor<Float>, into y: Tensor<Float>
    ) {
        for index in 0..<shape.batchCount {
            multiply(shape.a(a, index), shape.b(b, index), into: shape.out(y, index))
        }
    }
}
