/// A value on the tape; without a node it is a constant.
package struct Value<Element: ComputeElement> {
    package let value: Tensor<Element>
    package let node: GradientNode<Element>?
    /// The values of a parameter in mixed precision, rounded for the matrix products; nil for
    /// others.
    var bfloat16: Tensor<BFloat16>?
    /// The values of a parameter for decoding, packed for the products with single rows; nil for
    /// others.
    var packed: PackedMatrix?
    /// The weights of a frozen parameter that stay quantised; there are no other values then.
    var quantized: QuantizedWeight?
    /// Computes the value again, where that costs less than the memory to keep it.
    var remake: (() -> Tensor<Element>)?

    init(
        value: Tensor<Element>, node: GradientNode<Element>?, bfloat16: Tensor<BFloat16>? = nil,
        packed: PackedMatrix? = nil, remake: (() -> Tensor<Element>)? = nil
    ) {
        self.value = value
        self.node = node
        self.bfloat16 = bfloat16
        self.packed = packed
        self.remake = remake
    }

    package var shape: [Int] { quantized?.matrix.shape ?? value.shape }

    /// The value for a backward pass: what a closure captures instead of `value`.
    var saved: () -> Tensor<Element> { remake ?? { [value] in value } }
}

/// A value of floats: parameters, the residual stream, losses.
package typealias Variable = Value<Float>

extension ComputeElement {
    /// The values of a parameter, or of any float tensor, as an operand of a product.
    static func operand(_ variable: Variable, on device: Device) -> Tensor<Self> {
        variable.bfloat16 as? Tensor<Self> ?? narrowed(variable.value, on: device)
    }
}
