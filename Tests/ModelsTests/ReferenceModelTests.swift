import Models
import ReferenceModels
import Tensors
import Testing

@Suite struct ReferenceModelTests {
    /// Rounding of float32 through a few layers, against a reference in float64.
    static let forwardTolerance: Float = 1e-5
    static let gradientTolerance: Float = 1e-4

    let device = Device(threadCount: 2)

    @Test(arguments: ReferenceModel.all)
    func logitsEqualPyTorch(_ reference: ReferenceModel) throws {
        let model = try reference.model(device: device)
        let inputs = try reference.tokens("input_ids", device: device)
        let logits = model.logits(Tape(device: device), inputs: inputs).value
        #expect(relativeError(logits.array, try reference.values("logits")) < Self.forwardTolerance)
    }

    @Test(arguments: ReferenceModel.all)
    func nextTokenLogitsAreTheLastRow(_ reference: ReferenceModel) throws {
        let model = try reference.model(device: device)
        let prompt = try reference.tokens("prompt", device: device)
        let row = prompt.reshaped([1, prompt.count])
        let all = model.logits(Tape(device: device), inputs: row).value
        let last = all.reshaped([prompt.count, all.columnCount]).slice(
            prompt.count - 1..<prompt.count)
        let error = relativeError(model.nextTokenLogits(row).array, last.array)
        #expect(error < Self.forwardTolerance)
    }

    @Test(arguments: ReferenceModel.all)
    func lossAndEveryGradientEqualPyTorch(_ reference: ReferenceModel) throws {
        let model = try reference.model(device: device)
        let targets = try reference.tokens("targets", device: device)
        let countedTokens = targets.array.count { $0 >= 0 }
        let gradients = ParameterGradients(model.parameters)
        let tape = Tape(device: device, gradients: gradients)
        let loss = model.loss(
            tape, inputs: try reference.tokens("input_ids", device: device), targets: targets,
            scale: 1 / Float(countedTokens))
        tape.backward(from: loss.root)

        let average = Float(loss.value / Double(countedTokens))
        #expect(abs(average - (try reference.values("loss")[0])) < Self.forwardTolerance)
        for parameter in model.parameters.parameters {
            let expected = try reference.values("grad.\(parameter.name)")
            try compare(gradients.gradient(of: parameter).array, expected, parameter)
        }
    }

    /// Of the gradient, through seven layers.
    static let mixedTolerance = 0.08

    /// Mixed precision rounds activations to 8 bits: the direction of the gradient stays.
    @Test(
        .enabled(if: ComputeKernels.hasBFloat16, "the processor has no bfloat16"),
        arguments: ReferenceModel.all)
    func mixedPrecisionStaysCloseToPyTorch(_ reference: ReferenceModel) throws {
        let model = try reference.model(device: device)
        model.parameters.keepBFloat16()
        let targets = try reference.tokens("targets", device: device)
        let countedTokens = targets.array.count { $0 >= 0 }
        let gradients = ParameterGradients(model.parameters)
        let tape = Tape(device: device, gradients: gradients)
        let loss = model.loss(
            tape, inputs: try reference.tokens("input_ids", device: device), targets: targets,
            scale: 1 / Float(countedTokens))
        tape.backward(from: loss.root)
        let expected = Double(try reference.values("loss")[0])
        #expect(abs(loss.value / Double(countedTokens) / expected - 1) < 0.005)
        var (difference, total) = (0.0, 0.0)
        for parameter in model.parameters.parameters {
            let expected = try reference.values("grad.\(parameter.name)")
            for (g, e) in zip(gradients.gradient(of: parameter).array, expected) {
                difference += Double(g - e) * Double(g - e)
                total += Double(e) * Double(e)
            }
        }
        #expect((difference / total).squareRoot() < Self.mixedTolerance)
    }

    /// The key part of c_attn.bias has gradient 0, since softmax does not see it: there the
    /// difference counts as it is.
    private func compare(
        _ gradient: [Float], _ expected: [Float], _ parameter: Parameter
    ) throws {
        guard parameter.name.hasSuffix("c_attn.bias") else {
            let error = relativeError(gradient, expected)
            #expect(error < Self.gradientTolerance, "\(parameter.name)")
            return
        }
        let width = expected.count / 3
        for part in [0..<width, 2 * width..<3 * width] {
            let error = relativeError(Array(gradient[part]), Array(expected[part]))
            #expect(error < Self.gradientTolerance, "\(parameter.name)")
        }
        let keys = width..<2 * width
        let difference = zip(gradient[keys], expected[keys]).map { abs($0 - $1) }.max() ?? 1
        #expect(difference < Self.forwardTolerance, "keys of \(parameter.name)")
    }
}
