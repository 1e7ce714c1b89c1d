/// A record of whole-tensor operations, to be walked backwards once.
///
/// Each operation is a method of the tape: it computes its output and records a closure that turns the
/// gradient of the output into contributions to the gradients of the inputs. The closure holds
/// just the tensors that it needs; when it has run it is dropped, and their memory returns to
/// the pool.
package final class Tape {
    package let device: Device
    private let gradients: ParameterGradients?
    private let whenReady: (Parameter) -> Void
    private var steps: [Step] = []
    private var parameterNodes: [Int: GradientNode] = [:]

    private struct Step {
        let output: GradientNode
        let inputs: [GradientNode]
        let backward: (Tensor<Float>) -> Void
    }

    /// - Parameters:
    ///   - gradients: where the gradients of parameters add up; nil computes values alone.
    ///   - whenReady: called in the backward pass as soon as a parameter has its last contribution.
    package init(
        device: Device, gradients: ParameterGradients? = nil,
        whenReady: @escaping (Parameter) -> Void = { _ in }
    ) {
        self.device = device
        self.gradients = gradients
        self.whenReady = whenReady
    }

    package var recordsGradients: Bool { gradients != nil }

    /// A value without a gradient.
    package func constant(_ value: Tensor<Float>) -> Variable {
        Variable(value: value, node: nil)
    }

    /// A value whose gradient is wanted after the backward pass, in `node.gradient`.
    package func input(_ value: Tensor<Float>) -> Variable {
        Variable(value: value, node: GradientNode(shape: value.shape, device: device))
    }

    package func parameter(_ parameter: Parameter, of list: ParameterList) -> Variable {
        let value = list.value(of: parameter)
        guard let gradients else { return Variable(value: value, node: nil) }
        if let node = parameterNodes[parameter.index] { return Variable(value: value, node: node) }
        let node = gradients.node(for: parameter) { [whenReady] in whenReady(parameter) }
        parameterNodes[parameter.index] = node
        return Variable(value: value, node: node)
    }

    /// The output of an operation. `backward` gets the gradient of the output and contributes to
    /// those of the inputs; it is recorded only if an input has a gradient. It captures nodes and the
    /// tensors that it needs, never a whole `Variable`, whose value would live as long.
    func record(
        _ value: Tensor<Float>, inputs: [Variable], backward: @escaping (Tensor<Float>) -> Void
    ) -> Variable {
        let nodes = inputs.compactMap(\.node)
        guard !nodes.isEmpty else { return Variable(value: value, node: nil) }
        for node in nodes { node.pendingUseCount += 1 }
        let output = GradientNode(shape: value.shape, device: device)
        steps.append(Step(output: output, inputs: nodes, backward: backward))
        return Variable(value: value, node: output)
    }

    /// Walks the tape backwards from `root`, whose gradient is `seed` (default: ones), and forgets it.
    package func backward(from root: Variable, seed: Tensor<Float>? = nil) {
        precondition(root.node != nil, "the root of a backward pass depends on no gradient")
        root.node?.contribute(seed ?? ones(root.shape))
        while let step = steps.popLast() {
            if let gradient = step.output.takeGradient() { step.backward(gradient) }
            for node in step.inputs {
                node.pendingUseCount -= 1
                if node.pendingUseCount == 0 { node.announceCompletion() }
            }
        }
        parameterNodes = [:]
    }

    private func ones(_ shape: [Int]) -> Tensor<Float> {
        let tensor = device.uninitialized(shape)
        device.fill(tensor, with: 1)
        return tensor
    }
}
