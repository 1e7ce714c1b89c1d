/// The parameters of a model as views into one flat vector, in the order of their layout.
package final class ParameterList {
    package let layout: ParameterLayout
    package let values: Tensor<Float>
    package let device: Device
    /// The values rounded, for the matrix products of mixed precision; nil without it. Whoever
    /// changes values changes these too: the optimizer as it goes, others by `roundValues`.
    package private(set) var bfloat16: Tensor<BFloat16>?
    /// Called before a parameter is read by `value(of:)`: others may still be writing it.
    package var beforeUse: ((Parameter) -> Void)?
    /// Matrices packed for decoding, by the index of their parameter. They stay what they are when
    /// values change.
    private var packed: [Int: PackedMatrix] = [:]
    /// The matrices that stay quantised, by the index of their parameter.
    private var quantized: [Int: QuantizedMatrix] = [:]
    /// The arithmetic of products with what stays quantised, where no gradient is wanted.
    package var quantizedArithmetic = QuantizedArithmetic.exact

    /// - Parameter values: where the flat vector lies, all 0; nil takes memory of the device.
    package init(_ layout: ParameterLayout, device: Device, values: Tensor<Float>? = nil) {
        precondition(
            values.map { $0.count == layout.flatCount } ?? true,
            "expected \(layout.flatCount) values, got \(values?.count ?? 0)")
        self.layout = layout
        self.values = values ?? device.zeros([layout.flatCount])
        self.device = device
    }

    package var parameters: [Parameter] { layout.parameters }
    /// The number of values (padding not counted).
    package var parameterCount: Int { layout.parameterCount }
    /// The parameters that have gradients, in their order.
    package var trained: [Parameter] { layout.trained }

    package subscript(name: String) -> Parameter? { layout[name] }

    /// The values of one parameter, which share the memory of the list.
    package func value(of parameter: Parameter) -> Tensor<Float> {
        precondition(!parameter.isQuantized, "the values of \(parameter.name) stay quantised")
        beforeUse?(parameter)
        return values.view(from: parameter.range.lowerBound, shape: parameter.shape)
    }

    func bfloat16Value(of parameter: Parameter) -> Tensor<BFloat16>? {
        bfloat16?.view(from: parameter.range.lowerBound, shape: parameter.shape)
    }

    /// Makes the matrix products take bfloat16 from here on.
    ///
    /// - Parameters:
    ///   - rounded: where the rounded values lie; nil takes memory of the device.
    ///   - isRounding: whether they are rounded here; else another process does.
    package func keepBFloat16(in rounded: Tensor<BFloat16>? = nil, rounding isRounding: Bool = true)
    {
        precondition(
            rounded.map { $0.count == layout.flatCount } ?? true,
            "expected \(layout.flatCount) values, got \(rounded?.count ?? 0)")
        packed = [:]
        bfloat16 = rounded ?? device.uninitialized([layout.flatCount], of: BFloat16.self)
        if isRounding { roundValues() }
    }

    /// Brings the rounded values in line after a change of `range` of the flat vector (nil: all),
    /// as when other ranks wrote it.
    package func roundValues(in range: Range<Int>? = nil) {
        guard let bfloat16 else { return }
        let range = range ?? 0..<layout.flatCount
        device.narrow(values.slice(range), into: bfloat16.slice(range))
    }

    /// Makes products with single rows read the packed weights of `parameter` from here on, rounded
    /// where the matrix products take bfloat16.
    ///
    /// - Parameters:
    ///   - isOutputFirst: whether the product sees it transposed: [out, in].
    ///   - forEstimates: whether often only the largest products are wanted; then it is transposed.
    /// - Returns: the bytes that a product reads: those of the matrix where packing saves nothing, and where
    ///   it stays quantised; with
    ///   estimates, where only the largest products are wanted.
    package func pack(
        _ parameter: Parameter, isOutputFirst: Bool, forEstimates: Bool = false
    ) -> Int {
        guard !parameter.isQuantized else { return quantized(parameter).matrix.byteCount }
        let stored = value(of: parameter).matrix
        let matrix = isOutputFirst ? stored.transposed : stored
        let packed =
            bfloat16 == nil
            ? PackedMatrix(matrix, as: Float.self, forEstimates: forEstimates, on: device)
            : PackedMatrix(matrix, as: BFloat16.self, on: device)
        self.packed[parameter.index] = packed
        let elementBytes = bfloat16 == nil ? MemoryLayout<Float>.size : MemoryLayout<BFloat16>.size
        return packed?.readByteCount ?? parameter.range.count * elementBytes
    }

    package func packed(_ parameter: Parameter) -> PackedMatrix? { packed[parameter.index] }
}

/// Matrices that stay quantised.
extension ParameterList {
    /// Takes the matrix of a parameter.
    ///
    /// - Precondition: the layout keeps it quantised, in this shape.
    package func hold(_ matrix: QuantizedMatrix, for parameter: Parameter) {
        precondition(
            parameter.isQuantized && matrix.shape.reduce(1, *) == parameter.count,
            "expected a quantised matrix of \(parameter.shape), got \(matrix.shape)")
        quantized[parameter.index] = matrix
    }

    /// - Precondition: the matrix was taken.
    package func quantized(_ parameter: Parameter) -> QuantizedWeight {
        guard let matrix = quantized[parameter.index] else {
            preconditionFailure("the weights of \(parameter.name) were not read")
        }
        return QuantizedWeight(matrix, quantizedArithmetic)
    }

    /// The matrices, in the order of their parameters.
    package var quantizedMatrices: [QuantizedMatrix] {
        parameters.compactMap { quantized[$0.index] }
    }

    /// The values of one parameter as floats, decoded where they stay quantised: [outputs, depth] then.
    package func floats(of parameter: Parameter) -> Tensor<Float> {
        guard parameter.isQuantized else { return value(of: parameter) }
        return quantized(parameter).matrix.decoded(on: device)
    }
}
