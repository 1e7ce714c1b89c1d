import CKernels

/// The blocks of a matrix in the order in which a product reads them: 64 columns of all rows, or, of a
/// transposed matrix, a whole column, is a group.
struct BlockGroups {
    let count: Int
    let blocksInGroup: Int
    private let pointer: UnsafeMutablePointer<Float>
    /// Floats from group to group, and from block to block in a group.
    private let groupStride: Int
    private let blockStride: Int

    /// Groups the blocks of a matrix; nil where its rows are not whole blocks.
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
                start?[group] = kernel_pack(
                    weights, group * blocksInGroup, pointer + group * groupStride, blocksInGroup,
                    blockStride)
            }
            filled = count
        }
    }

    func keepEscaped(_ counts: [Int], in weights: packed_weights) {
        var number = 0
        for (group, escaped) in counts.enumerated() where escaped > 0 {
            kernel_pack_escaped(
                weights, group * blocksInGroup, pointer + group * groupStride, blocksInGroup,
                blockStride, number)
            number += escaped
        }
    }
}
