import CKernels

/// The number of the largest products that are wanted, and among how many.
package struct LargestWanted: Equatable, Sendable {
    /// The number of the largest products; all that equal the least of them are wanted too.
    package let count: Int
    /// The number of the first products among which the largest are wanted.
    package let candidateCount: Int

    package init(_ count: Int, among candidateCount: Int) {
        precondition(count >= 1, "expected a count of at least 1, got \(count)")
        self.count = count
        self.candidateCount = candidateCount
    }
}

extension Device {
    /// The largest products of a row x [1, depth] with the columns of a transposed matrix, bit for bit
    /// as `multiply` gives them; all others of the result [1, columns] are those products or -infinity.
    ///
    /// Upper halves of the weights give an estimate of each product and bounds of its error
    /// (Cauchy-Schwarz: the length of x times that of what the halves leave out); what cannot be among
    /// the largest is not read any further. NaN is never left out.
    ///
    /// - Precondition: the matrix was packed for estimates.
    package func largestProducts(
        _ x: Tensor<Float>, _ matrix: PackedMatrix, wanted: LargestWanted
    ) -> Tensor<Float> {
        precondition(
            x.count == matrix.rows && matrix.hasEstimates,
            "expected a row of \(matrix.rows) and a matrix with estimates, got \(x.count)")
        let out = uninitialized([1, matrix.columns])
        let grain = PackedMatrix.blockSize
        let candidateCount = min(wanted.candidateCount, matrix.columns)
        let chunkCount = (candidateCount + grain - 1) / grain
        // Each chunk gives one bound of what is among the largest.
        guard wanted.count <= chunkCount else {
            multiplyRow(x.matrix, matrix, into: out.matrix) { _ in }
            return out
        }
        let (bounds, bests) = (uninitialized([candidateCount]), uninitialized([chunkCount]))
        let (row, upper, lower, product) = (x.pointer, bounds.pointer, bests.pointer, out.pointer)
        let length = lengthAbove(x)
        forEachChunk(of: candidateCount, grain: grain, as: .matmul) { columns in
            let start = columns.lowerBound
            let errors = matrix.estimates(row, columns: columns, into: upper + start)
            lower[start / grain] = kernel_upper_bounds(
                upper + start, errors, length, columns.count)
        }
        let least = bests.array.sorted(by: >)[wanted.count - 1]
        forEachChunk(of: matrix.columns, grain: grain, as: .matmul) { columns in
            for column in columns {
                // True for NaN too.
                if column < candidateCount && !(upper[column] < least) {
                    matrix.product(row, columns: column..<column + 1, into: product + column)
                } else {
                    product[column] = -.infinity
                }
            }
        }
        withExtendedLifetime((bounds, bests)) {}
        return out
    }

    /// The length of a vector, more by what rounding may have taken.
    private func lengthAbove(_ x: Tensor<Float>) -> Float {
        var square: Float = 0
        kernel_row_dots(&square, x.pointer, x.pointer, 1, x.count, x.count)
        // Squares of the smallest numbers are 0.
        return 1.001 * square.squareRoot() + Float(x.count).squareRoot() * 0x1p-70
    }
}
