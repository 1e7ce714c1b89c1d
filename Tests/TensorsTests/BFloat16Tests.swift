import CKernels
import Testing

@Suite struct BFloat16Tests {
    /// Value and its nearest bfloat16, ties to the even one.
    @Test(
        arguments: [
            (1, 0x3f80), (-2.5, 0xc020), (0, 0), (-0.0, 0x8000),
            (Float(bitPattern: 0x3f80_8000), 0x3f80), (Float(bitPattern: 0x3f81_8000), 0x3f82),
            (Float(bitPattern: 0x3f80_8001), 0x3f81), (Float(bitPattern: 0x3f80_7fff), 0x3f80),
            (.infinity, 0x7f80), (-.infinity, 0xff80), (.greatestFiniteMagnitude, 0x7f80),
            (.leastNonzeroMagnitude, 0), (Float(bitPattern: 0x0000_8001), 0x0001),
        ] as [(Float, UInt16)])
    func roundsToNearestEven(value: Float, bits: UInt16) {
        // Long enough for the vector loop and its tail.
        let values = [Float](repeating: value, count: 37)
        var rounded = [UInt16](repeating: 1, count: 37)
        kernel_round_to_bfloat16(&rounded, values, 37)
        #expect(rounded == Array(repeating: bits, count: 37))
    }

    @Test(arguments: [0x7fc0_0000, 0x7f80_0001, 0xffff_ffff] as [UInt32])
    func notANumberStaysNotANumber(bits: UInt32) {
        var rounded: UInt16 = 0
        kernel_round_to_bfloat16(&rounded, [Float(bitPattern: bits)], 1)
        #expect(Float(bitPattern: UInt32(rounded) << 16).isNaN)
        #expect(rounded >> 15 == UInt16(bits >> 31))
    }

    @Test func everyBFloat16ComesBack() {
        let all = (0...UInt16.max).filter { !Float(bitPattern: UInt32($0) << 16).isNaN }
        var widened = [Float](repeating: 1, count: all.count)
        kernel_widen(&widened, all, all.count)
        #expect(widened.map(\.bitPattern) == all.map { UInt32($0) << 16 })
        var rounded = [UInt16](repeating: 0, count: all.count)
        kernel_round_to_bfloat16(&rounded, widened, all.count)
        #expect(rounded == all)
    }
}
