import CKernels

/// A matrix of weights for products with single rows, without loss in seven eighths of its bytes (in
/// three quarters, of bfloat16): such a product is as fast as the weights come from memory.
///
/// A weight keeps sign and mantissa and takes four bits for its exponent. Blocks of 64 weights
/// whose exponents lie more than 15 apart are escaped: they lie aside as floats. Of normally
/// distributed weights these are 3 in 1,000.
package final class PackedMatrix: Sendable {
    /// The number of rows, as the product sees the matrix.
    package let rows: Int
    package let columns: Int
    package let isTransposed: Bool
    /// The number of blocks that lie aside as floats.
    package let escapedCount: Int
    package let byteCount: Int

    private let memory: PackedMemory
    /// How far an estimate of each column may lie from the product, for a row of length 1; nil where
    /// there are no estimates.
    private let errors: Tensor<Float>?

    /// - Parameters:
    ///   - matrix: contiguous, and as the product sees it.
    ///   - precision: the elements of the products: for bfloat16 the weights are rounded.
    ///   - forEstimates: lets floats of a transposed matrix be read by halves; see `largestProducts`.
    /// - Returns: Nil where rows in memory are no multiple of 64, and where it would be no smaller.
    package init?<Element: ComputeElement>(
        _ matrix: Matrix<Float>, as precision: Element.Type, forEstimates: Bool = false,
        on device: Device
    ) {
        guard let groups = BlockGroups(matrix) else { return nil }
        (rows, columns, isTransposed) = (matrix.rows, matrix.columns, matrix.isTransposed)
        let isEstimated = forEstimates && isTransposed && Element.self == Float.self
        var memory = PackedMemory(
            blockCount: groups.count * groups.blocksInGroup,
            lows: Element.self == Float.self ? (isEstimated ? .apart : .behind) : .none,
            pool: device.memory)
        let escapedCounts = groups.pack(into: memory.weights, on: device)
        escapedCount = escapedCounts.reduce(0, +)
        memory.addEscaped(escapedCount, pool: device.memory)
        byteCount = memory.byteCount
        guard byteCount < rows * columns * MemoryLayout<Element>.stride else { return nil }
        groups.keepEscaped(escapedCounts, in: memory.weights)
        self.memory = memory
        errors = isEstimated ? Self.errors(of: memory.weights, groups, on: device) : nil
    }

    private static func errors(
        of weights: packed_weights, _ groups: BlockGroups, on device: Device
    ) -> Tensor<Float> {
        let errors = device.uninitialized([groups.count])
        let (pointer, depth) = (errors.pointer, groups.blocksInGroup * blockSize)
        device.forEachChunk(of: groups.count, grain: blockSize) { columns in
            let start = columns.lowerBound
            kernel_packed_estimate_errors(
                pointer + start, weights, start * groups.blocksInGroup, depth, columns.count)
        }
        return errors
    }
}

extension PackedMatrix {
    static let blockSize = Int(PACKED_BLOCK)

    /// x [rows] times 64 columns from `column` on; sums of `part` rows are added up.
    ///
    /// - Precondition: the matrix is not transposed, `column` a multiple of 64.
    func product(
        _ x: UnsafePointer<Float>, columnsFrom column: Int, inPartsOf part: Int,
        into out: UnsafeMutablePointer<Float>
    ) {
        kernel_packed_row_product(
            out, x, memory.weights, column / Self.blockSize * rows, rows, part)
    }

    /// x [rows] times `columns`.
    ///
    /// - Precondition: the matrix is transposed.
    func product(
        _ x: UnsafePointer<Float>, columns: Range<Int>, into out: UnsafeMutablePointer<Float>
    ) {
        kernel_packed_row_product_transposed(
            out, x, memory.weights, columns.lowerBound * rows / Self.blockSize, rows,
            columns.count)
    }

    /// Whether the matrix was packed for `largestProducts`.
    package var hasEstimates: Bool { errors != nil }

    /// The number of bytes that a product reads: with estimates, where the largest alone are
    /// wanted.
    package var readByteCount: Int {
        byteCount - (hasEstimates ? memory.lowByteCount : 0)
    }

    /// Reads three sevenths of what `product` reads.
    ///
    /// - Returns: how far each is from the product at most, as a share of the length of x.
    func estimates(
        _ x: UnsafePointer<Float>, columns: Range<Int>, into out: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float> {
        guard let errors else { preconditionFailure("the matrix was not packed for estimates") }
        kernel_packed_row_product_estimates(
            out, x, memory.weights, columns.lowerBound * rows / Self.blockSize, rows,
            columns.count)
        return UnsafePointer(errors.pointer + columns.lowerBound)
    }
}
