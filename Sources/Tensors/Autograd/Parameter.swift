/// A named part of the flat parameter vector of a model.
package struct Parameter: Sendable {
    /// The name in checkpoints (Hugging Face's).
    package let name: String
    package let shape: [Int]
    /// Where the values stand in the flat vector, without the padding behind them.
    package let range: Range<Int>
    /// Position in the parameter list.
    package let index: Int
    /// Whether it has a gradient.
    package let isTrained: Bool
}

/// The parameters of a model, in a fixed order, as views into one flat vector: first all that are
/// trained, then the frozen ones, so that gradients and moments are as long as the first part.
///
/// Each parameter starts at a multiple of 16 floats (64 bytes); the padding between them stays 0, so
/// that sums over the flat vector need not know about it.
package final class ParameterList {
    package let parameters: [Parameter]
    /// Elements of the flat vector, padding included.
    package let flatCount: Int
    /// Elements of its first part, which is trained.
    package let trainedCount: Int
    package let values: Tensor<Float>
    package let device: Device
    /// The values rounded, for the matrix products of mixed precision; nil without it. Whoever
    /// changes values changes these too: the optimizer as it goes, others by `roundValues`.
    package private(set) var bfloat16: Tensor<BFloat16>?
    /// Matrices packed for decoding, by the index of their parameter. They stay what they are when
    /// values change.
    private var packed: [Int: PackedMatrix] = [:]

    private static let alignment = 16

    /// - Parameters:
    ///   - values: where the flat vector stands, all 0; nil takes memory of the device.
    ///   - isTrained: tells by the name of a parameter.
    package init(
        _ shapes: [(name: String, shape: [Int])], device: Device, values: Tensor<Float>? = nil,
        isTrained: (String) -> Bool = { _ in true }
    ) {
        let trained = shapes.map { isTrained($0.name) }
        trainedCount = Self.flatCount(of: zip(shapes, trained).filter(\.1).map(\.0.shape))
        var (start, frozenStart) = (0, trainedCount)
        func takeRange(_ shape: [Int], after end: inout Int) -> Range<Int> {
            defer { end += Self.paddedCount(of: shape) }
            return end..<end + shape.reduce(1, *)
        }
        parameters = zip(shapes, trained).enumerated().map { index, entry in
            let ((name, shape), isTrained) = entry
            let range =
                isTrained ? takeRange(shape, after: &start) : takeRange(shape, after: &frozenStart)
            return Parameter(
                name: name, shape: shape, range: range, index: index, isTrained: isTrained)
        }
        flatCount = frozenStart
        precondition(
            values.map { $0.count == frozenStart } ?? true,
            "expected \(frozenStart) values, got \(values?.count ?? 0)")
        self.values = values ?? device.zeros([frozenStart])
        self.device = device
    }

    /// Elements of the flat vector of tensors of these shapes.
    package static func flatCount(of shapes: [[Int]]) -> Int {
        shapes.reduce(0) { $0 + paddedCount(of: $1) }
    }

    private static func paddedCount(of shape: [Int]) -> Int {
        (shape.reduce(1, *) + alignment - 1) / alignment * alignment
    }

    /// Number of values (padding not counted).
    package var parameterCount: Int { parameters.reduce(0) { $0 + $1.range.count } }

    /// Those that have gradients, in their order.
    package var trained: [Parameter] { parameters.filter(\.isTrained) }
    /// Number of trained values (padding not counted).
    package var trainedParameterCount: Int { trained.reduce(0) { $0 + $1.range.count } }

    package func value(of parameter: Parameter) -> Tensor<Float> {
        values.view(from: parameter.range.lowerBound, shape: parameter.shape)
    }

    func bfloat16Value(of parameter: Parameter) -> Tensor<BFloat16>? {
        bfloat16?.view(from: parameter.range.lowerBound, shape: parameter.shape)
    }

    /// From here on the matrix products take bfloat16.
    package func keepBFloat16() {
        packed = [:]
        bfloat16 = device.uninitialized([flatCount], of: BFloat16.self)
        roundValues()
    }

    /// Brings the rounded values in line after a change of `range` of the flat vector (nil: all),
    /// as when other ranks wrote it.
    package func roundValues(in range: Range<Int>? = nil) {
        guard let bfloat16 else { return }
        let range = range ?? 0..<flatCount
        device.narrow(values.slice(range), into: bfloat16.slice(range))
    }

    /// From here on products with single rows read the packed weights of `parameter`, rounded where
    /// the matrix products take bfloat16.
    ///
    /// - Parameters:
    ///   - isOutputFirst: whether the product sees it transposed: [out, in].
    ///   - forEstimates: whether often only the largest products are wanted; then it is transposed.
    /// - Returns: the bytes that a product reads: those of the matrix where packing saves nothing; with
    ///   estimates, where only the largest products are wanted.
    package func pack(
        _ parameter: Parameter, isOutputFirst: Bool, forEstimates: Bool = false
    ) -> Int {
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

    package subscript(name: String) -> Parameter? {
        parameters.first { $0.name == name }
    }
}
