import CKernels

/// How a cache keeps keys and values.
package enum KeyValueFormat: String, CaseIterable, Sendable {
    /// The floats that were computed.
    case floats = "f32"
    /// The nearest bfloat16 of each: half of the memory.
    case bfloat16 = "bf16"
    /// 8 bits of each, and a scale for each 32 of a head: a bit more than a quarter of the memory.
    case integers = "q8"

    /// Its name in CKernels.
    fileprivate var kind: Int32 {
        switch self {
        case .floats: Int32(CACHED_FLOAT)
        case .bfloat16: Int32(CACHED_BF16)
        case .integers: Int32(CACHED_Q8)
        }
    }
}

/// How the keys of a sequence, or its values, lie in memory: each of K heads has rows of its own,
/// [K, S, bytes of D numbers], so that what a head reads stands together.
package struct KeyValueLayout: Equatable, Sendable {
    package let format: KeyValueFormat
    package let headCount: Int
    package let headSize: Int

    package init(_ format: KeyValueFormat, headCount: Int, headSize: Int) {
        (self.format, self.headCount, self.headSize) = (format, headCount, headSize)
    }

    /// The bytes of a row.
    package var rowSize: Int { kernel_cached_row_bytes(format.kind, headSize) }

    /// The bytes of the keys, or values, of a position.
    package var positionSize: Int { headCount * rowSize }
}

extension KeyValueLayout {
    /// Writes the keys, or values, of a position.
    ///
    /// - Parameters:
    ///   - rows: those of one sequence, [K, S, bytes].
    ///   - index: the row of the position.
    func write(_ x: UnsafePointer<Float>, to rows: Tensor<UInt8>, at index: Int) {
        for head in 0..<headCount {
            let to = rows.pointer + (head * rows.shape[1] + index) * rowSize
            kernel_cached_encode(format.kind, to, x + head * headSize, headSize)
        }
    }

    /// What a head of queries sees of the rows of one sequence.
    ///
    /// - Parameters:
    ///   - head: the head of keys, or values.
    ///   - seen: the rows of the positions.
    func rows(_ seen: Range<Int>, of head: Int, in rows: Tensor<UInt8>) -> CachedRows {
        CachedRows(
            kind: format.kind,
            start: rows.pointer + (head * rows.shape[1] + seen.lowerBound) * rowSize,
            count: seen.count, size: headSize)
    }
}
