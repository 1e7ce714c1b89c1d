/// The gradients of all trained parameters as one flat vector, in the layout of the parameter list.
///
/// Contributions add up over several tapes (micro-batches) until `reset`.
package final class ParameterGradients {
    package let values: Tensor<Float>
    package let list: ParameterList
    private var holdsGradient: [Bool]

    package init(_ list: ParameterList, values: Tensor<Float>? = nil) {
        precondition(
            values.map { $0.count == list.layout.trainedCount } ?? true,
            "expected \(list.layout.trainedCount) gradients, got \(values?.count ?? 0)")
        self.list = list
        self.values = values ?? list.device.zeros([list.layout.trainedCount])
        holdsGradient = Array(repeating: false, count: list.parameters.count)
    }

    package func gradient(of parameter: Parameter) -> Tensor<Float> {
        values.view(from: parameter.range.lowerBound, shape: parameter.shape)
    }

    /// The next contribution to each parameter overwrites.
    package func reset() {
        for index in holdsGradient.indices { holdsGradient[index] = false }
    }

    /// Sets to 0 what no contribution has reached since `reset`.
    package func zeroWhatIsMissing() {
        for parameter in list.trained where !holdsGradient[parameter.index] {
            list.device.fill(gradient(of: parameter), with: 0)
            holdsGradient[parameter.index] = true
        }
    }

    /// Memory in which no gradient lies yet: what is written there is lost with the first
    /// contribution. Nil where that many elements are not free.
    ///
    /// - Parameter isUsed: whether the gradient of a parameter has begun on a tape.
    func unused(_ shape: [Int], isUsed: (Parameter) -> Bool) -> Tensor<Float>? {
        let count = shape.reduce(1, *)
        var free = 0..<0
        for parameter in list.trained {
            if holdsGradient[parameter.index] || isUsed(parameter) { continue }
            // The padding between two parameters must stay 0.
            let isNext = parameter.range.lowerBound == free.upperBound
            let start = isNext ? free.lowerBound : parameter.range.lowerBound
            free = start..<parameter.range.upperBound
            if free.count >= count { return values.view(from: start, shape: shape) }
        }
        return nil
    }

    func node(for parameter: Parameter, whenReady: @escaping () -> Void) -> GradientNode<Float> {
        GradientNode(
            shape: parameter.shape, device: list.device, destination: gradient(of: parameter),
            holdsGradient: holdsGradient[parameter.index]
        ) { [self] in
            holdsGradient[parameter.index] = true
            whenReady()
        }
    }
}
