import Collectives
import Tensors
import Testing
import Training

@Suite struct DeltaCodecTests {
    private func roundTrip(_ values: [Float], _ format: OuterOptions.Format) -> [Float] {
        let codec = DeltaCodec(format: format, device: Device(threadCount: 2))
        let bytes = UnsafeMutableRawBufferPointer.allocate(
            byteCount: codec.byteCount(of: values.count), alignment: 64)
        defer { bytes.deallocate() }
        var (values, result) = (values, values.map { _ in Float(7) })
        values.withUnsafeMutableBufferPointer { codec.encode($0, into: bytes) }
        result.withUnsafeMutableBufferPointer { codec.decode(bytes, into: $0) }
        result.withUnsafeMutableBufferPointer { codec.decode(bytes, into: $0, adds: true) }
        return result.map { $0 / 2 }
    }

    private static let lengths = [1, 255, 256, 257, 8192, 20_011]

    @Test(arguments: lengths) func floatsArriveAsTheyAre(count: Int) {
        let values = (0..<count).map { Float($0 * 7919 % 1013) - 506 }
        #expect(roundTrip(values, .fp32) == values)
    }

    /// Half a unit of the block's largest, and a hair for the additions.
    @Test(arguments: lengths) func eightBitsAreOffByHalfAUnitOfTheirBlock(count: Int) {
        let values = (0..<count).map { index in
            (Float(index * 7919 % 1013) - 506) * Float(1 + index / DeltaCodec.blockSize)
        }
        let result = roundTrip(values, .int8)
        for start in stride(from: 0, to: count, by: DeltaCodec.blockSize) {
            let block = start..<min(start + DeltaCodec.blockSize, count)
            let largest = values[block].map(abs).max() ?? 0
            let error = block.map { abs(result[$0] - values[$0]) }.max() ?? 0
            #expect(error <= largest / 127 * 0.5001, "block at \(start)")
        }
    }

    @Test func zerosStayZerosAndTheLargestIsKept() {
        #expect(roundTrip([0, 0, 0], .int8) == [0, 0, 0])
        let kept = roundTrip([-127, 1, 64], .int8)
        #expect(kept == [-127, 1, 64])
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity]) func aBlockThatIsNotFiniteShows(
        _ value: Float
    ) {
        var values = [Float](repeating: 1, count: 512)
        values[300] = value
        let result = roundTrip(values, .int8)
        #expect(result[..<256].allSatisfy { $0 == 1 })
        #expect(result[256...].allSatisfy { $0.isNaN })
    }

    @Test func aListOfEightBitsIsAQuarterOfItsFloats() {
        let device = Device(threadCount: 1)
        let (long, short) = (
            DeltaCodec(format: .fp32, device: device), DeltaCodec(format: .int8, device: device)
        )
        #expect(long.byteCount(of: 1 << 20) == 4 << 20)
        #expect(short.byteCount(of: 1 << 20) == (1 << 20) * 260 / 256)
        #expect(short.bytes(of: 512..<700) == 520..<520 + 4 + 188)
    }
}
