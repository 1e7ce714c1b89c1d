import Diagnostics

extension Tape {
    /// A part of the computation, x -> body(tape, x), in floats.
    ///
    /// A tape that recomputes segments keeps nothing of it but `x`: its backward pass calls `body`
    /// again, with a tape that lives just as long, and walks that one back (Chen et al., "Training deep
    /// nets with sublinear memory cost", 2016). Every bit and every announcement of a parameter is
    /// as without.
    ///
    /// - Parameters:
    ///   - number: the block that it is, for a trace.
    ///   - ownsParameters: that no other part of the computation uses its parameters. What later parts
    ///     keep for the backward pass may then lie where their gradients will.
    ///   - body: gives the same values each time. It captures no tape, which would keep itself alive,
    ///     and makes no gradient in its forward pass, as `linearCrossEntropy` does.
    package func segment(
        _ x: Variable, number: Int = 0, ownsParameters: Bool = false,
        _ body: @escaping (Tape, Variable) -> Variable
    ) -> Variable {
        guard recomputesSegments else {
            return tracing(number) {
                ownsParameters ? lendingGradients { body(self, x) } : body(self, x)
            }
        }
        let trace = device.trace?.training
        let first = Tape(partOf: self)
        let value = trace.measure(.forwardBlock, number) { body(first, x).value }
        // Until the segment is computed again, each of its uses of a parameter is still to come.
        let uses = first.steps.flatMap(\.inputs)
        guard !uses.isEmpty else { return Value(value: value, node: nil) }
        let output = GradientNode<Float>(shape: value.shape, device: device)
        steps.append(
            Step(inputs: []) { [unowned self] in
                guard output.gradient != nil else {
                    for node in uses { node.loseUse() }
                    return
                }
                trace.measure(.backwardBlock, number) {
                    let second = Tape(partOf: self)
                    let root = trace.measure(.forwardBlock, number) { body(second, x) }
                    for node in uses { node.pendingUseCount -= 1 }
                    second.walkBack(from: root.node, gradient: output)
                }
            })
        return Value(value: value, node: output)
    }

    /// Runs a segment forward, and has the backward pass come by where it begins and ends: both leave a
    /// trace, where there is one.
    private func tracing(_ number: Int, _ segment: () -> Variable) -> Variable {
        guard let trace = device.trace?.training, trace.isOpen else { return segment() }
        var start: Int64 = 0
        if recordsGradients {
            steps.append(Step(inputs: []) { trace.end(.backwardBlock, number, from: start) })
        }
        let output = Optional(trace).measure(.forwardBlock, number, segment)
        if recordsGradients { steps.append(Step(inputs: []) { start = TraceClock.now }) }
        return output
    }

    /// Moves the gradient of `output` to `root`, so that it can be written in place.
    private func walkBack(from root: GradientNode<Float>?, gradient output: GradientNode<Float>) {
        if let gradient = output.takeGradient() { root?.contribute(gradient) }
        walkBack()
    }
}
