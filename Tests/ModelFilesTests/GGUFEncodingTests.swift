import Foundation
import ModelFiles
import Models
import TemporaryFolders
import Testing
import Tokenizers

/// Floats as the blocks of ggml.
@Suite struct GGUFEncodingTests {
    private func decoded(_ bytes: [UInt8], _ type: GGUFType, _ count: Int) -> [Float] {
        var values = [Float](repeating: .nan, count: count)
        bytes.withUnsafeBytes { bytes in
            values.withUnsafeMutableBufferPointer { type.decode(bytes, into: $0) }
        }
        return values
    }

    @Test(arguments: [GGUFType.q4, .q4Minimum, .q5, .q5Minimum, .q8])
    func blocksOf32AreThoseOfGGUFPy(_ type: GGUFType) throws {
        let file = try SafetensorsFile(path: fixture("../gguf/quantized.safetensors"))
        var values = [Float](repeating: 0, count: 16 * 64)
        try values.withUnsafeMutableBufferPointer { try file.readFloat32("values", into: $0) }
        var expected = [UInt8](repeating: 0, count: type.byteCount(of: values.count))
        try expected.withUnsafeMutableBytes { try file.readBytes(type.name.lowercased(), into: $0) }
        #expect(type.encode(values[...]) == expected)
    }

    /// Numbers of a normal distribution (Box and Muller), each block with a scale of its own.
    private static let normal: [Float] = {
        var state: UInt64 = 16
        func uniform() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (Double(state >> 11) + 1) / Double(1 << 53)
        }
        return (0..<256 * 200).map { index in
            let size = pow(4, Double(index / 256 % 7) - 3)
            return Float(size * sqrt(-2 * log(uniform())) * cos(2 * .pi * uniform()))
        }
    }()

    /// The bounds are a hundredth above what was measured on such numbers; the plain rounding of a range to 15
    /// steps, as in Q4_1, is off by 0.079.
    @Test(arguments: [(GGUFType.q4K, 0.0731), (.q5K, 0.0368), (.q6K, 0.0181)])
    func blocksOf256AreNearTheirValues(_ type: GGUFType, _ bound: Double) {
        let values = Self.normal
        let found = decoded(type.encode(values[...]), type, values.count)
        let relative = stride(from: 0, to: values.count, by: 256).map { start in
            let block = start..<start + 256
            let error = block.reduce(0) { $0 + pow(Double(found[$1] - values[$1]), 2) }
            return error / block.reduce(0) { $0 + pow(Double(values[$1]), 2) }
        }
        #expect(sqrt(relative.reduce(0, +) / Double(relative.count)) < bound)
    }

    @Test(arguments: [GGUFType.q4K, .q5K, .q6K])
    func edgesOfBlocksOf256AreKept(_ type: GGUFType) {
        let zeros = [Float](repeating: 0, count: 256)
        #expect(decoded(type.encode(zeros[...]), type, 256) == zeros)
        for value: Float in [0.1, -0.1, 60_000, -60_000, 1e-30] {
            let equal = [Float](repeating: value, count: 256)
            let found = decoded(type.encode(equal[...]), type, 256)
            #expect(found.allSatisfy { abs($0 - value) <= max(abs(value) * 0.02, 1e-7) })
        }
    }
}
