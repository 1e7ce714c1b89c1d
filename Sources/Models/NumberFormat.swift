import Options

/// A format of floating-point numbers in which a model computes, or in which its gradients travel.
package enum NumberFormat: String, OptionChoice {
    /// IEEE 754 numbers of 32 bits.
    case fp32
    /// The upper halves of those: 8 bits of exponent, 7 of mantissa.
    case bf16
}
