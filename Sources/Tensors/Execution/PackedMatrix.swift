import CKernels

/// A matrix of weights for products with single rows, without loss in seven eighths of its bytes (in
/// three quarters, of bfloat16): such a product is as fast as the weights come from memory.
///
/// A weight keeps sign and mantissa and takes four bits for its exponent. Blocks of 64 weights whose
/// exponents lie more than 15 apart are escaped: they stand aside as floats. Of normally distributed
/// weights these are 3 in 1,000.
package final class PackedMatrix: Sendable {
    /// As the product sees them.
    package let rows: Int
    package let columns: Int
    package let isTransposed: Bool
    /// Blocks that stand aside.
    package let escapedCount: Int
    package let byteCount: Int

    private let memory: PackedMemory

    /// - Parameters:
    ///   - matrix: contiguous, and as the product sees it.
    ///   - precision: the elements of the products: for bfloat16 the weights are rounded.
    /// - Returns: Nil where rows in memory are no multiple of 64, and where it would be no smaller.
    package init?<Element: Activation>(
        _ matrix: Matrix<Float>, as precision: Element.Type, on device: Device
    ) {
        guard let groups = BlockGroups(matrix) else { return nil }
        (rows, columns, isTransposed) = (matrix.rows, matrix.columns, matrix.isTransposed)
        var memory = PackedMemory(
            blockCount: groups.count * groups.blocksInGroup,
            holdsFloats: Element.self == Float.self, pool: device.memory)
        let escapedCounts = groups.pack(into: memory.weights, on: device)
        escapedCount = escapedCounts.reduce(0, +)
        memory.addEscaped(escapedCount, pool: device.memory)
        byteCount = memory.byteCount
        guard byteCount < rows * columns * MemoryLayout<Element>.stride else { return nil }
        groups.keepEscaped(escapedCounts, in: memory.weights, on: device)
        self.memory = memory
    }

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
}

/// The memory of a packed matrix.
private struct PackedMemory {
    private let blocks: Storage
    private let exponents: Storage
    private var escaped: Storage?
    private let holdsFloats: Bool
    private(set) var byteCount: Int

    init(blockCount: Int, holdsFloats: Bool, pool: StoragePool) {
        self.holdsFloats = holdsFloats
        let blockBytes = Int(holdsFloats ? PACKED_FLOAT_BYTES : PACKED_BFLOAT16_BYTES)
        blocks = Storage(byteCount: blockCount * blockBytes, pool: pool)
        exponents = Storage(byteCount: blockCount, pool: pool)
        byteCount = blockCount * (blockBytes + 1)
    }

    mutating func addEscaped(_ count: Int, pool: StoragePool) {
        guard count > 0 else { return }
        let bytes = count * PackedMatrix.blockSize * MemoryLayout<Float>.stride
        escaped = Storage(byteCount: bytes, pool: pool)
        byteCount += bytes
    }

    var weights: packed_weights {
        packed_weights(
            blocks: blocks.pointer.assumingMemoryBound(to: UInt8.self),
            exponents: exponents.pointer.assumingMemoryBound(to: UInt8.self),
            escaped: escaped?.pointer.assumingMemoryBound(to: Float.self),
            has_lows: holdsFloats ? 1 : 0)
    }
}

/// The blocks of a matrix in the order in which a product reads them: 64 columns of all rows, or, of a
/// transposed matrix, a whole column, is a group.
private struct BlockGroups {
    let count: Int
    let blocksInGroup: Int
    private let pointer: UnsafeMutablePointer<Float>
    /// Floats from group to group, and from block to block in a group.
    private let groupStride: Int
    private let blockStride: Int

    /// Nil where blocks do not fit.
    init?(_ matrix: Matrix<Float>) {
        let size = PackedMatrix.blockSize
        let rowLength = matrix.isTransposed ? matrix.rows : matrix.columns
        precondition(matrix.stride == rowLength, "expected a contiguous matrix")
        guard rowLength.isMultiple(of: size) else { return nil }
        pointer = matrix.pointer
        if matrix.isTransposed {
            (count, blocksInGroup) = (matrix.columns, matrix.rows / size)
            (groupStride, blockStride) = (matrix.rows, size)
        } else {
            (count, blocksInGroup) = (matrix.columns / size, matrix.rows)
            (groupStride, blockStride) = (size, matrix.columns)
        }
    }

    /// The number of escaped blocks of each group.
    func pack(into weights: packed_weights, on device: Device) -> [Int] {
        [Int](unsafeUninitializedCapacity: count) { counts, filled in
            let start = counts.baseAddress
            device.forEach(count) { group in
                let escaped = kernel_pack(
                    weights, group * blocksInGroup, pointer + group * groupStride, blocksInGroup,
                    blockStride)
                start?[group] = escaped
            }
            filled = count
        }
    }

    func keepEscaped(_ counts: [Int], in weights: packed_weights, on device: Device) {
        var number = 0
        for (group, escaped) in counts.enumerated() where escaped > 0 {
            kernel_pack_escaped(
                weights, group * blocksInGroup, pointer + group * groupStride, blocksInGroup,
                blockStride, number)
            number += escaped
        }
    }
}
