import CKernels
import Tensors

/// 32 values as integers of 8 bits.
struct RoundedBlock {
    let scale: Float
    let integers: [Int]

    init(_ x: [Float]) {
        let most = x.map(abs).max() ?? 0
        let scale = most / 127
        let inverse = scale > 0 ? 1 / scale : 0
        self.scale = scale
        integers = x.map { Int(($0 * inverse).rounded(.toNearestOrEven)) }
    }
}

/// 32 weights of an output: scale * integer + least value.
struct WeightBlock {
    var integers: [Int]
    /// One, or one for each half.
    var scales: [Float]
    var least: Float?
}

extension QuantizedBlocks {
    /// All weights, read byte by byte from ggml's blocks.
    var integers: [WeightBlock] {
        stride(from: 0, to: bytes.count, by: type.blockByteCount).flatMap { start in
            parts(Array(bytes[start..<start + type.blockByteCount]))
        }
    }

    private func half(_ x: [UInt8], _ place: Int) -> Float {
        var value: Float = 0
        kernel_dequantize_f16(&value, [x[place], x[place + 1]], 1)
        return value
    }

    private func parts(_ x: [UInt8]) -> [WeightBlock] {
        switch type {
        case .q4: [WeightBlock(integers: nibbles(x, 2, less: 8), scales: [half(x, 0)])]
        case .q5: [WeightBlock(integers: nibbles(x, 6, fifths: 2, less: 16), scales: [half(x, 0)])]
        case .q4Minimum:
            [WeightBlock(integers: nibbles(x, 4), scales: [half(x, 0)], least: half(x, 2))]
        case .q5Minimum:
            [
                WeightBlock(
                    integers: nibbles(x, 8, fifths: 4), scales: [half(x, 0)], least: half(x, 2))
            ]
        case .q8:
            [
                WeightBlock(
                    integers: (0..<32).map { Int(Int8(bitPattern: x[2 + $0])) },
                    scales: [half(x, 0)])
            ]
        case .q4K: (0..<8).map { withMinimum(x, $0) { s, i in self.nibble(x, 16, s, i) } }
        case .q5K:
            (0..<8).map {
                withMinimum(x, $0) { s, i in
                    self.nibble(x, 48, s, i) | Int(x[16 + i] >> s & 1) << 4
                }
            }
        case .q6K: (0..<8).map { ofSixBits(x, $0) }
        }
    }

    private func nibbles(
        _ x: [UInt8], _ first: Int, fifths: Int? = nil, less offset: Int = 0
    ) -> [Int] {
        (0..<32).map { index in
            let byte = x[first + index % 16]
            let bits = Int(index < 16 ? byte & 15 : byte >> 4)
            let upper = fifths.map { Int(x[$0 + index / 8] >> (index % 8) & 1) << 4 } ?? 0
            return (bits | upper) - offset
        }
    }

    /// Four bits of sub-block s of a K type.
    private func nibble(_ x: [UInt8], _ first: Int, _ s: Int, _ i: Int) -> Int {
        Int(x[first + s / 2 * 32 + i] >> (s % 2 * 4) & 15)
    }

    private func withMinimum(
        _ x: [UInt8], _ s: Int, _ integer: (Int, Int) -> Int
    ) -> WeightBlock {
        let bits = x[4..<16].map(Int.init)
        let scale = s < 4 ? bits[s] & 63 : bits[4 + s] & 15 | bits[s - 4] >> 2 & 48
        let least = s < 4 ? bits[4 + s] & 63 : bits[4 + s] >> 4 | bits[s] >> 2 & 48
        return WeightBlock(
            integers: (0..<32).map { integer(s, $0) }, scales: [half(x, 0) * Float(scale)],
            least: -(half(x, 2) * Float(least)))
    }

    private func ofSixBits(_ x: [UInt8], _ s: Int) -> WeightBlock {
        let integers = (0..<32).map { i in
            let low = x[s / 4 * 64 + s % 2 * 32 + i] >> (s % 4 / 2 * 4) & 15
            let high = x[128 + s / 4 * 32 + i] >> (s % 4 * 2) & 3
            return Int(low) | Int(high) << 4
        }
        let scales = (0..<2).map { half(x, 208) * Float(Int8(bitPattern: x[192 + 2 * s + $0])) }
        return WeightBlock(integers: integers.map { $0 - 32 }, scales: scales)
    }
}
