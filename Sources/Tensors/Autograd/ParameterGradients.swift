/// The gradients of all trained parameters as one flat vector, in the layout of the parameter list.
///
/// Contributions add up over several tapes (micro-batches) until `reset`. Where a part of the vector is
/// folded, so that gradients take each other's place, there is one tape.
package final class ParameterGradients {
    /// A part of the vector in which an element lies in the same memory as those `period` before and
    /// behind it.
    package struct Folding {
        let range: Range<Int>
        let period: Int

        package init(of range: Range<Int>, period: Int) {
            precondition(
                0 < period && period <= range.count,
                "expected a period within \(range.count) elements, got \(period)")
            (self.range, self.period) = (range, period)
        }
    }

    package let values: Tensor<Float>
    package let list: ParameterList
    /// Called before the first contribution to a parameter is written; where the vector is folded, its
    /// memory is free afterwards.
    package var beforeWriting: (Parameter) -> Void = { _ in }
    private let folding: Folding?
    private var holdsGradient: [Bool]

    package init(
        _ list: ParameterList, values: Tensor<Float>? = nil, folding: Folding? = nil
    ) {
        precondition(
            values.map { $0.count == list.layout.trainedCount } ?? true,
            "expected \(list.layout.trainedCount) gradients, got \(values?.count ?? 0)")
        self.list = list
        self.values = values ?? list.device.zeros([list.layout.trainedCount])
        self.folding = folding
        holdsGradient = Array(repeating: false, count: list.parameters.count)
    }

    /// Elements that may be lent to what is kept until a gradient begins; none where gradients take
    /// each other's place.
    var lendableCount: Int { folding == nil ? values.count * 2 / 5 : 0 }

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
            prepare(parameter)
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
        if let folding { return unusedRing(folding, shape, isUsed: isUsed) }
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

    /// All of the folded part is free before the first gradient in it begins.
    private func unusedRing(
        _ folding: Folding, _ shape: [Int], isUsed: (Parameter) -> Bool
    ) -> Tensor<Float>? {
        let isFree = list.trained.allSatisfy { parameter in
            !parameter.range.overlaps(folding.range)
                || !holdsGradient[parameter.index] && !isUsed(parameter)
        }
        guard isFree, shape.reduce(1, *) <= folding.period else { return nil }
        return values.view(from: folding.range.lowerBound, shape: shape)
    }

    /// Makes room for the gradient of a parameter. The padding behind it, which counts as 0, may hold
    /// something of another one.
    private func prepare(_ parameter: Parameter) {
        beforeWriting(parameter)
        guard folding != nil else { return }
        let end = ParameterLayout.paddedRange(of: parameter).upperBound
        values.buffer[parameter.range.upperBound..<end].update(repeating: 0)
    }

    func node(for parameter: Parameter, whenReady: @escaping () -> Void) -> GradientNode<Float> {
        GradientNode(
            shape: parameter.shape, device: list.device, destination: gradient(of: parameter),
            holdsGradient: holdsGradient[parameter.index],
            beforeWriting: { [self] in prepare(parameter) },
            whenReady: { [self] in
                holdsGradient[parameter.index] = true
                whenReady()
            })
    }
}
