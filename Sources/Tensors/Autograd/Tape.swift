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
    /// The tape of which a segment that is computed again is a part; nil for a whole tape.
    private let whole: Tape?
    var steps: [Step] = []
    private var parameterNodes: [Int: GradientNode<Float>] = [:]
    /// The parameters that have nodes, in the order of their first use.
    private var usedParameters: [Parameter] = []
    private var spareMemory: SpareMemory

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
        // The rest is for logits, see `scratch`.
        spareMemory = SpareMemory(limit: gradients?.lendableCount ?? 0)
    }

    /// A part of `whole`, which has the gradients of the parameters.
    init(partOf whole: Tape) {
        device = whole.device
        gradients = whole.gradients
        recomputesSegments = false
        whenReady = { _ in }
        self.whole = whole
        spareMemory = SpareMemory(limit: 0)
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
        guard !parameter.isQuantized else {
            var quantized = Variable(value: device.uninitialized([0]), node: nil)
            let weight = list.quantized(parameter)
            quantized.quantized = recordsGradients ? QuantizedWeight(weight.matrix) : weight
            return quantized
        }
        return values(of: parameter, in: list)
    }

    private func values(of parameter: Parameter, in list: ParameterList) -> Variable {
        Variable(
            value: list.value(of: parameter), node: node(of: parameter),
            bfloat16: list.bfloat16Value(of: parameter), packed: list.packed(parameter))
    }

    private func node(of parameter: Parameter) -> GradientNode<Float>? {
        if let whole { return whole.node(of: parameter) }
        guard let gradients, parameter.isTrained else { return nil }
        if let node = parameterNodes[parameter.index] {
            precondition(
                !spareMemory.hasLent(parameter.range),
                "\(parameter.name) is used behind the segment that owns it")
            return node
        }
        let node = gradients.node(for: parameter) { [whenReady] in whenReady(parameter) }
        parameterNodes[parameter.index] = node
        usedParameters.append(parameter)
        return node
    }

    /// Memory for the forward pass of one operation: where gradients of parameters are to lie but
    /// none has begun, or else memory of the device.
    ///
    /// - Parameter node: of the parameter to whose gradient the operation contributes meanwhile.
    func scratch(_ shape: [Int], besides node: GradientNode<Float>?) -> Tensor<Float> {
        let unused = gradients?.unused(shape) { parameter in
            guard let own = parameterNodes[parameter.index] else { return false }
            return own === node || own.gradient != nil || spareMemory.hasLent(parameter.range)
        }
        return unused ?? device.uninitialized(shape)
    }

    /// Memory for what an operation keeps until its own backward pass: where the gradients of earlier
    /// segments are to lie, which begin only after that, or else memory of the device.
    func kept<Element>(_ shape: [Int], of type: Element.Type) -> Tensor<Element> {
        let byteCount = shape.reduce(1, *) * MemoryLayout<Element>.stride
        let floatCount = (byteCount + MemoryLayout<Float>.stride - 1) / MemoryLayout<Float>.stride
        guard let gradients, let start = spareMemory.take(floatCount) else {
            return device.uninitialized(shape, of: Element.self)
        }
        return gradients.values.view(from: start, shape: shape, of: Element.self)
    }

    /// Runs a segment that owns its parameters: when it has ended, the memory of their gradients is free
    /// until the backward pass comes back to it.
    func lendingGradients(of segment: () -> Variable) -> Variable {
        let firstParameter = usedParameters.count
        let output = segment()
        let fresh = usedParameters[firstParameter...].filter {
            parameterNodes[$0.index]?.gradient == nil
        }
        spareMemory.add(fresh.map(\.range).sorted { $0.lowerBound < $1.lowerBound })
        return output
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
        usedParameters = []
    }

    func walkBack() {
        while let step = steps.popLast() {
            step.backward()
            for node in step.inputs { node.loseUse() }
        }
    }

    private func ones<Element: ComputeElement>(_ shape: [Int]) -> Tensor<Element> {
        let tensor = device.uninitialized(shape, of: Element.self)
        device.fill(tensor, with: 1)
        return tensor
    }
}
