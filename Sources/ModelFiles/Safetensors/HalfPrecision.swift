/// Numbers in F16 and as floats, without a float below the normal ones, which this process takes for zero.
package enum HalfPrecision {
    /// A number in F16 as a float, which is exact.
    package static func float(_ bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let magnitude = UInt32(bits & 0x7FFF)
        let rest: UInt32 =
            switch magnitude >> 10 {
            case 0: (Float(magnitude) * 0x1p-24).bitPattern
            case 31: 0x7F80_0000 | (magnitude & 0x3FF) << 13
            default: (magnitude << 13) + (112 << 23)
            }
        return Float(bitPattern: sign | rest)
    }

    /// The nearest number in F16, to the even one of two; infinite above 65,520.
    package static func bits(_ value: Float) -> UInt16 {
        let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
        let magnitude = value.bitPattern & 0x7FFF_FFFF
        return sign | rounded(magnitude)
    }

    private static func rounded(_ magnitude: UInt32) -> UInt16 {
        if magnitude > 0x7F80_0000 { return 0x7E00 }
        if magnitude >= 0x4780_0000 { return 0x7C00 }
        // The sum with 0.5 has the bits at its end, rounded by the addition.
        if magnitude < 0x3880_0000 {
            let half: Float = 0.5
            return UInt16((Float(bitPattern: magnitude) + half).bitPattern - half.bitPattern)
        }
        return UInt16((magnitude - (112 << 23) + 0xFFF + (magnitude >> 13 & 1)) >> 13)
    }
}
