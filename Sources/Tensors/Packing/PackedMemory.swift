import CKernels

/// The memory of a packed matrix.
struct PackedMemory {
    /// The places of the lower halves of floats.
    enum Lows { case none, behind, apart }

    private let blocks: Storage
    private let lows: Storage?
    private let exponents: Storage
    private var escaped: Storage?
    private let place: Lows
    private(set) var byteCount: Int
    /// The bytes of lower halves that lie apart; 0 where none do.
    let lowByteCount: Int

    private static let upperBytes = Int(PACKED_UPPER_BYTES)
    private static let lowerBytes = Int(PACKED_LOWER_BYTES)

    init(blockCount: Int, lows place: Lows, pool: StoragePool) {
        self.place = place
        let blockBytes = Self.upperBytes + (place == .behind ? Self.lowerBytes : 0)
        let lowBytes = place == .apart ? Self.lowerBytes : 0
        blocks = Storage(byteCount: blockCount * blockBytes, pool: pool)
        lows = lowBytes > 0 ? Storage(byteCount: blockCount * lowBytes, pool: pool) : nil
        exponents = Storage(byteCount: blockCount, pool: pool)
        lowByteCount = blockCount * lowBytes
        byteCount = blockCount * (blockBytes + 1) + lowByteCount
    }

    mutating func addEscaped(_ count: Int, pool: StoragePool) {
        guard count > 0 else { return }
        let bytes = count * PackedMatrix.blockSize * MemoryLayout<Float>.stride
        escaped = Storage(byteCount: bytes, pool: pool)
        byteCount += bytes
    }

    var weights: packed_weights {
        let start = blocks.pointer.assumingMemoryBound(to: UInt8.self)
        let (upper, lower) = (Self.upperBytes, Self.lowerBytes)
        let apart = lows?.pointer.assumingMemoryBound(to: UInt8.self)
        return packed_weights(
            blocks: start, lows: place == .behind ? start + upper : apart,
            exponents: exponents.pointer.assumingMemoryBound(to: UInt8.self),
            escaped: escaped?.pointer.assumingMemoryBound(to: Float.self),
            block_bytes: place == .behind ? upper + lower : upper,
            low_bytes: place == .behind ? upper + lower : lower)
    }
}
