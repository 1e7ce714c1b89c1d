/// A record of whole-tensor operations, to be walked backwards once.
///
/// Each operation is a method of the tape: it computes its output and records a closure that turns the
/// gradient of the output into contributions to the gradients of the inputs. The closure holds
/// just the tensors that it needs; when it has run it is dropped, and their memory returns to
/// the pool.
package final class Tape {
    package let device: Device
    /// Whether segments keep nothing but their input.
    let recomputesSegments: Bool
    private let gradients: ParameterGradients?
    private let whenReady: (Parameter) -> Void
    /// Of a segment that is computed again: the tape that it is a part of.
    private let whole: Tape?
    var steps: [Step] = []
    private var parameterNodes: [Int: GradientNode<Float>] = [:]

    struct Step {
        let inputs: [GradientSink]
        let backward: () -> Void
    }

    /// - Parameters:
    ///   - gradients: where the gradients of parameters add up; nil computes values alone.
    ///   - recomputesSegments: saves memory for time, see `segment`.
    ///   - whenReady: called in the backward pass as soon as a parameter has its last contribution.
    package init(
        device: Device, gradients: ParameterGradients? = nil, recomputesSegments: Bool = false,
        whenReady: @escaping (Parameter) -> Void = { _ in }
    ) {
        self.device = device
        self.gradients = gradients
        self.recomputesSegments = recomputesSegments && gradients != nil
        self.whenReady = whenReady
        whole = nil
    }

    /// A part of `whole`, which has the gradients of the parameters.
    init(partOf whole: Tape) {
        device = whole.device
        gradients = whole.gradients
        recomputesSegments = false
        whenReady = { _ in }
        self.whole = whole
    }

    package var recordsGradients: Bool { gradients != nil }

    /// A value without a gradient.
    package func constant<Element>(_ value: Tensor<Element>) -> Value<Element> {
        Value(value: value, node: nil)
    }

    /// A value whose gradient is wanted after the backward pass, in `node.gradient`.
    package func input<Element>(_ value: Tensor<Element>) -> Value<Element> {
        Value(value: value, node: GradientNode(shape: value.shape, device: device))
    }

    package func parameter(_ parameter: Parameter, of list: ParameterList) -> Variable {
        Variable(
            value: list.value(of: parameter), node: node(of: parameter),
            bfloat16: list.bfloat16Value(of: parameter))
    }

    private func node(of parameter: Parameter) -> GradientNode<Float>? {
        if let whole { return whole.node(of: parameter) }
        guard let gradients, parameter.isTrained else { return nil }
        if let node = parameterNodes[parameter.index] { return node }
        let node = gradients.node(for: parameter) { [whenReady] in whenReady(parameter) }
        parameterNodes[parameter.index] = node
        return node
    }

    /// Memory for the forward pass of one operation: where gradients of parameters are to stand but
    /// none has begun, or else memory of the device.
    ///
    /// - Parameter node: of the parameter to whose gradient the operation contributes meanwhile.
    func scratch(_ shape: [Int], besides node: GradientNode<Float>?) -> Tensor<Float> {
        let unused = gradients?.unused(shape) { parameter in
            guard let own = parameterNodes[parameter.index] else { return false }
            return own === node || own.gradient != nil
        }
        return unused ?? device.uninitialized(shape)
    }

    /// The output of an operation. `backward` gets the gradient of the output and contributes to
    /// those of the inputs; it is recorded only if an input has a gradient. It captures nodes and the
    /// tensors that it needs, never a whole `Value`, whose tensor would live as long.
    ///
    /// - Parameter remake: computes `value` again, for operations that would otherwise keep it for
    ///   their own backward pass.
    func record<Element>(
        _ value: Tensor<Element>, inputs: [GradientSink?],
        remake: (() -> Tensor<Element>)? = nil, backward: @escaping (Tensor<Element>) -> Void
    ) -> Value<Element> {
        let nodes = inputs.compactMap { $0 }
        guard !nodes.isEmpty else { return Value(value: value, node: nil) }
        for node in nodes { node.pendingUseCount += 1 }
        let output = GradientNode<Element>(shape: value.shape, device: device)
        steps.append(
            Step(inputs: nodes) { if let gradient = output.takeGradient() { backward(gradient) } })
        return Value(value: value, node: output, remake: remake)
    }

    /// Walks the tape backwards from `root`, whose gradient is `seed` (default: ones), and forgets it.
    package func backward<Element>(from root: Value<Element>, seed: Tensor<Element>? = nil) {
        precondition(root.node != nil, "the root of a backward pass depends on no gradient")
        root.node?.contribute(seed ?? ones(root.shape))
        walkBack()
        parameterNodes = [:]
    }

    func walkBack() {
        while let step = steps.popLast() {
            step.backward()
            for node in step.inputs { node.loseUse() }
        }
    }

    private func ones<Element: Activation>(_ shape: [Int]) -> Tensor<Element> {
        let tensor = device.uninitialized(shape, of: Element.self)
        device.fill(tensor, with: 1)
        return tensor
    }
}
