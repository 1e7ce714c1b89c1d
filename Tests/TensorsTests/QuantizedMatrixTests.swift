import Tensors
import Testing

@Suite struct QuantizedMatrixTests {
    let device = Device(threadCount: 2)
    /// 40 outputs are two groups of 16 and a half.
    private func blocks(_ type: QuantizedType) -> QuantizedBlocks {
        QuantizedBlocks(type, outputCount: 40, depth: 512)
    }

    @Test(arguments: QuantizedType.allCases)
    func decodedWeightsHaveTheBitsOfGGML(_ type: QuantizedType) {
        let blocks = blocks(type)
        let matrix = blocks.matrix(on: device)
        let expected = blocks.values
        #expect(matrix.decoded(on: device).array == expected)
        for way in QuantizedWay.possible {
            let rows = matrix.decoded([17, 0, 39], on: device, way: way)
            let wanted = [17, 0, 39].flatMap { expected[$0 * 512..<($0 + 1) * 512] }
            #expect(rows.array == wanted, "\(way.name)")
        }
    }

    @Test(arguments: QuantizedType.allCases)
    func takesFewBytesMoreThanTheFile(_ type: QuantizedType) {
        let matrix = QuantizedBlocks(type, outputCount: 64, depth: 1024).matrix(on: device)
        #expect(matrix.fileByteCount == 64 * type.byteCount(of: 1024))
        #expect(matrix.byteCount >= matrix.fileByteCount)
        #expect(matrix.byteCount * 100 <= matrix.fileByteCount * 103)
    }

    @Test func outputsStandInTheOrderThatIsAskedFor() {
        let blocks = blocks(.q5)
        let turned = blocks.matrix(on: device) { 39 - $0 }.decoded(on: device).array
        let expected = blocks.values
        for output in 0..<40 {
            #expect(
                turned[output * 512..<(output + 1) * 512]
                    == expected[(39 - output) * 512..<(40 - output) * 512])
        }
    }

    @Test(arguments: QuantizedType.allCases)
    func aScaleThatIsNotFiniteIsTold(_ type: QuantizedType) {
        let blocks = blocks(type)
        // The scale, in F16, of the last block: the last two bytes of Q6_K, the first ones of others.
        let last = blocks.bytes.count - type.blockByteCount
        let place = type == .q6K ? blocks.bytes.count - 2 : last
        for bits: UInt16 in [0x7C00, 0xFC00, 0x7E00] {
            var bytes = blocks.bytes
            (bytes[place], bytes[place + 1]) = (UInt8(bits & 255), UInt8(bits >> 8))
            let matrix = QuantizedMatrix(type, outputCount: 40, depth: 512, on: device)
            #expect(!bytes.withUnsafeBytes { matrix.take($0, of: 0..<40, on: device) })
        }
    }

    @Test func smallestScalesAreKept() {
        // Subnormal numbers of F16.
        var bytes = blocks(.q8).bytes
        (bytes[0], bytes[1]) = (1, 0)
        (bytes[34], bytes[35]) = (0xFF, 0x83)
        let matrix = QuantizedMatrix(.q8, outputCount: 40, depth: 512, on: device)
        #expect(bytes.withUnsafeBytes { matrix.take($0, of: 0..<40, on: device) })
        let expected = (0..<2).flatMap { block in
            (0..<32).map { index in
                Float(Int8(bitPattern: bytes[34 * block + 2 + index]))
                    * (block == 0 ? 0x1p-24 : -0x1.ff8p-15)
            }
        }
        for way in QuantizedWay.possible {
            #expect(Array(matrix.decoded([0], on: device, way: way).array[..<64]) == expected)
        }
    }
}
