/// The upper half of a `Float`: its range, with 8 bits of precision instead of 24.
package struct BFloat16: Equatable, TensorElement {
    package var bits: UInt16

    package init(bits: UInt16) {
        self.bits = bits
    }

    /// Rounds to the nearest value, to the even one of two.
    package init(_ value: Float) {
        let wide = value.bitPattern
        let rounded = (wide &+ 0x7FFF &+ (wide >> 16 & 1)) >> 16
        bits = value.isNaN ? 0x7FC0 : UInt16(truncatingIfNeeded: rounded)
    }

    /// The number as a float, exactly.
    package var float: Float { Float(bitPattern: UInt32(bits) << 16) }
}
