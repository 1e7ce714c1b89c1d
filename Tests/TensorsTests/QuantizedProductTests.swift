import Tensors
import Testing

@Suite struct QuantizedProductTests {
    let device = Device(threadCount: 2)

    private func product(
        _ x: [Float], rows: Int, _ weight: QuantizedWeight, _ way: QuantizedWay = .usual
    ) -> [Float] {
        let input = device.tensor(x, shape: [rows, weight.matrix.depth])
        let out = device.uninitialized([rows, weight.matrix.outputCount])
        device.multiply(input.matrix, weight, into: out.matrix, way: way)
        return out.array
    }

    /// Row by row in double: what exact products come near to.
    private func reference(_ x: [Float], rows: Int, _ w: [Float], depth: Int) -> [Double] {
        (0..<rows).flatMap { row in
            (0..<w.count / depth).map { output in
                (0..<depth).reduce(0.0) {
                    $0 + Double(x[row * depth + $1]) * Double(w[output * depth + $1])
                }
            }
        }
    }

    /// The rounding of 512 sums of floats near 10.
    private static let exactTolerance = 1e-4

    @Test(arguments: QuantizedType.allCases)
    func exactProductsAreThoseOfTheDecodedWeights(_ type: QuantizedType) {
        let blocks = QuantizedBlocks(type, outputCount: 72, depth: 512)
        let matrix = blocks.matrix(on: device)
        for rows in [1, 3, 9, 21] {
            let x = randomFloats(rows * 512, seed: UInt64(rows))
            let expected = reference(x, rows: rows, blocks.values, depth: 512)
            for way in QuantizedWay.possible {
                let found = product(x, rows: rows, QuantizedWeight(matrix), way)
                let error = zip(found, expected).map { abs(Double($0) - $1) }.max() ?? 1
                #expect(error < Self.exactTolerance, "\(way.name), \(rows) rows")
            }
        }
    }

    /// The sum in the order of the depth, each product and sum fused or not, as the processor has it.
    @Test func exactSumsRunOverTheDepthInItsOrder() {
        let blocks = QuantizedBlocks(.q4Minimum, outputCount: 16, depth: 256)
        let x = randomFloats(256, seed: 3)
        let w = blocks.values
        let found = product(x, rows: 1, QuantizedWeight(blocks.matrix(on: device)), .plain)
        for output in 0..<16 {
            let fused = (0..<256).reduce(Float(0)) { $0.addingProduct(x[$1], w[output * 256 + $1]) }
            let rounded = (0..<256).reduce(Float(0)) { $0 + x[$1] * w[output * 256 + $1] }
            #expect(found[output] == fused || found[output] == rounded)
        }
    }

    @Test(arguments: QuantizedType.allCases, QuantizedArithmetic.allCases)
    func aRowHasTheSameBitsWhateverStandsBesideIt(
        _ type: QuantizedType, _ arithmetic: QuantizedArithmetic
    ) {
        let matrix = QuantizedBlocks(type, outputCount: 200, depth: 768).matrix(on: device)
        let weight = QuantizedWeight(matrix, arithmetic)
        let most = 300
        let x = randomFloats(most * 768, seed: 11)
        for way in QuantizedWay.possible {
            let alone = (0..<most).map { row in
                product(Array(x[row * 768..<(row + 1) * 768]), rows: 1, weight, way)
            }
            for rows in [2, 3, 4, 5, 6, 7, 8, 15, 16, 21, 24, 30, 300] {
                let together = product(Array(x[..<(rows * 768)]), rows: rows, weight, way)
                #expect(together == Array(alone[..<rows].joined()), "\(way.name), \(rows) rows")
            }
        }
    }

    /// Products by integers as they are meant, one after the other.
    private func integerReference(_ x: [Float], _ blocks: QuantizedBlocks) -> [Float] {
        let (depth, block) = (blocks.depth, 32)
        let rounded = stride(from: 0, to: depth, by: block).map { start in
            RoundedBlock(Array(x[start..<start + block]))
        }
        let parts = blocks.integers
        return (0..<blocks.outputCount).map { output in
            var sum: Float = 0
            for (index, x) in rounded.enumerated() {
                let part = parts[output * rounded.count + index]
                let size = block / part.scales.count
                for (half, scale) in part.scales.enumerated() {
                    let range = half * size..<(half + 1) * size
                    let total = zip(part.integers[range], x.integers[range])
                        .reduce(0) { $0 + $1.0 * $1.1 }
                    sum += (scale * x.scale) * Float(total)
                }
                if let least = part.least {
                    sum += least * (x.scale * Float(x.integers.reduce(0, +)))
                }
            }
            return sum
        }
    }

    @Test(arguments: QuantizedType.allCases)
    func integerProductsHaveTheBitsOfTheReferenceByAllWays(_ type: QuantizedType) {
        let blocks = QuantizedBlocks(type, outputCount: 40, depth: 512)
        let weight = QuantizedWeight(blocks.matrix(on: device), .int8)
        var x = randomFloats(512, seed: 5)
        // Blocks of zeros, of the largest and of one-sided values.
        for index in 0..<32 { (x[index], x[32 + index], x[64 + index]) = (0, 1, -3) }
        let expected = integerReference(x, blocks)
        for way in QuantizedWay.possible {
            #expect(product(x, rows: 1, weight, way) == expected, "\(way.name)")
            let nine = product(Array(repeatElement(x, count: 9).joined()), rows: 9, weight, way)
            #expect(nine == Array(repeatElement(expected, count: 9).joined()), "\(way.name)")
        }
    }

    @Test(arguments: QuantizedArithmetic.allCases, [Float.nan, .infinity])
    func whatIsNoNumberStaysNone(_ arithmetic: QuantizedArithmetic, _ value: Float) {
        let blocks = QuantizedBlocks(.q4Minimum, outputCount: 16, depth: 256)
        let weight = QuantizedWeight(blocks.matrix(on: device), arithmetic)
        var x = randomFloats(256, seed: 5)
        x[100] = value
        for way in QuantizedWay.possible {
            #expect(product(x, rows: 1, weight, way).allSatisfy { !$0.isFinite }, "\(way.name)")
        }
    }

    @Test(arguments: [QuantizedType.q8, .q4K])
    func gradientsOfInputsAreThoseOfTheDecodedWeights(_ type: QuantizedType) {
        let blocks = QuantizedBlocks(type, outputCount: 600, depth: 256)
        let matrix = blocks.matrix(on: device)
        let w = device.tensor(blocks.values, shape: [600, 256])
        let dy = device.tensor(randomFloats(5 * 600, seed: 2), shape: [5, 600])
        let (found, expected) = (device.zeros([5, 256]), device.zeros([5, 256]))
        for adds in [false, true] {
            device.multiplyBack(dy.matrix, matrix, into: found.matrix, adds: adds)
            device.multiply(dy.matrix, w.matrix, into: expected.matrix, adds: adds)
            let error = zip(found.array, expected.array).map { abs($0 - $1) }.max() ?? 1
            // The rounding of sums of 600 products near 100.
            #expect(error < 1e-3)
        }
    }
}
