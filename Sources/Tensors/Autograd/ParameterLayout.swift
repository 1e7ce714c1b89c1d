/// A named part of the flat parameter vector of a model.
package struct Parameter: Equatable, Sendable {
    /// The name in checkpoints (Hugging Face's).
    package let name: String
    package let shape: [Int]
    /// The positions of the values in the flat vector, without the padding behind them; empty where they
    /// stay quantised.
    package let range: Range<Int>
    /// The position in the layout.
    package let index: Int
    /// Whether the parameter has a gradient.
    package let isTrained: Bool
    /// Whether the values stay quantised, outside of the flat vector.
    package let isQuantized: Bool

    /// The number of values.
    package var count: Int { shape.reduce(1, *) }
}

/// The parameters of a model, in a fixed order, and where each lies in one flat vector: first all that
/// are trained, then the frozen ones, so that gradients and the state of an optimizer are as long as
/// the first part.
///
/// Each parameter starts at a multiple of 16 floats (64 bytes); the padding between them stays 0, so
/// that sums over the flat vector need not know about it. A layout has no memory for the values:
/// `ParameterList` has.
package struct ParameterLayout: Equatable, Sendable {
    package let parameters: [Parameter]
    /// Elements of the flat vector, padding included.
    package let flatCount: Int
    /// Elements of its first part, which is trained.
    package let trainedCount: Int

    private static let alignment = 16

    /// - Parameters:
    ///   - isTrained: whether the parameter of a name has a gradient.
    ///   - isQuantized: whether the values of one that has none stay quantised.
    package init(
        _ shapes: [(name: String, shape: [Int])], isTrained: (String) -> Bool = { _ in true },
        isQuantized: (String) -> Bool = { _ in false }
    ) {
        let trained = shapes.map { isTrained($0.name) }
        trainedCount = zip(shapes, trained).reduce(0) {
            $0 + ($1.1 ? Self.paddedCount(of: $1.0.shape) : 0)
        }
        var (start, frozenStart) = (0, trainedCount)
        func takeRange(_ shape: [Int], after end: inout Int) -> Range<Int> {
            defer { end += Self.paddedCount(of: shape) }
            return end..<end + shape.reduce(1, *)
        }
        parameters = zip(shapes, trained).enumerated().map { index, entry in
            let ((name, shape), isTrained) = entry
            let staysQuantized = !isTrained && isQuantized(name)
            let range =
                isTrained
                ? takeRange(shape, after: &start)
                : takeRange(staysQuantized ? [0] : shape, after: &frozenStart)
            return Parameter(
                name: name, shape: shape, range: range, index: index, isTrained: isTrained,
                isQuantized: staysQuantized)
        }
        flatCount = frozenStart
    }

    /// The positions of the values of a parameter, and of the padding behind them.
    package static func paddedRange(of parameter: Parameter) -> Range<Int> {
        let start = parameter.range.lowerBound
        return start..<start + paddedCount(of: parameter.isQuantized ? [0] : parameter.shape)
    }

    private static func paddedCount(of shape: [Int]) -> Int {
        (shape.reduce(1, *) + alignment - 1) / alignment * alignment
    }

    /// The number of values (padding not counted).
    package var parameterCount: Int { parameters.reduce(0) { $0 + $1.count } }

    /// The parameters that have gradients, in their order.
    package var trained: [Parameter] { parameters.filter(\.isTrained) }
    /// The number of trained values (padding not counted).
    package var trainedParameterCount: Int { trained.reduce(0) { $0 + $1.range.count } }

    package subscript(name: String) -> Parameter? {
        parameters.first { $0.name == name }
    }
}
