import CKernels

/// How a cache keeps keys and values.
package enum KeyValueFormat: String, CaseIterable, Sendable {
    /// The floats that were computed.
    case floats = "f32"
    /// The nearest bfloat16 of each: half of the memory.
    case bfloat16 = "bf16"
    /// 8 bits of each, and a scale for each 32 of a head: a bit more than a quarter of the memory.
    case integers = "q8"

    /// Its name in CKernels; nil for floats.
    fileprivate var kind: Int32? {
        switch self {
        case .floats: nil
        case .bfloat16: Int32(CACHED_BF16)
        case .integers: Int32(CACHED_Q8)
        }
    }
}

/// How the keys of a sequence, or its values, lie in memory: K heads of D numbers for each position.
///
/// Floats of a position stand side by side, [S, K D]. In other formats each head has rows of its own,
/// [K, S, bytes of D numbers], so that what a head reads stands together.
package struct KeyValueLayout: Equatable, Sendable {
    package let format: KeyValueFormat
    package let headCount: Int
    package let headSize: Int

    package init(_ format: KeyValueFormat, headCount: Int, headSize: Int) {
        (self.format, self.headCount, self.headSize) = (format, headCount, headSize)
    }

    /// Lists of rows that each sequence has.
    package var strandCount: Int { format == .floats ? 1 : headCount }

    /// The bytes of a row.
    package var rowSize: Int {
        format.kind.map { kernel_cached_row_bytes($0, headSize) }
            ?? headCount * headSize * MemoryLayout<Float>.stride
    }

    /// The bytes of the keys, or values, of a position.
    package var positionSize: Int { strandCount * rowSize }
}

extension KeyValueLayout {
    /// Writes the keys, or values, of a position.
    ///
    /// - Parameters:
    ///   - rows: those of one sequence, [strands, S, bytes].
    ///   - index: the row of the position.
    func write(_ x: UnsafePointer<Float>, to rows: Tensor<UInt8>, at index: Int) {
        for strand in 0..<strandCount {
            let to = rows.pointer + (strand * rows.shape[1] + index) * rowSize
            if let kind = format.kind {
                kernel_cached_encode(kind, to, x + strand * headSize, headSize)
            } else {
                UnsafeMutableRawPointer(to).copyMemory(from: x, byteCount: rowSize)
            }
        }
    }

    /// What a head of queries sees of the rows of one sequence.
    ///
    /// - Parameters:
    ///   - head: the head of keys, or values.
    ///   - seen: the rows of the positions.
    func rows(_ seen: Range<Int>, of head: Int, in rows: Tensor<UInt8>) -> CachedRows {
        if let kind = format.kind {
            let start = rows.pointer + (head * rows.shape[1] + seen.lowerBound) * rowSize
            return .encoded(
                EncodedRows(kind: kind, start: start, count: seen.count, size: headSize))
        }
        let floats = UnsafeMutableRawPointer(rows.pointer + seen.lowerBound * rowSize)
            .assumingMemoryBound(to: Float.self)
        return .floats(
            Matrix(
                floats + head * headSize, rows: seen.count, columns: headSize,
                stride: headCount * headSize))
    }
}
