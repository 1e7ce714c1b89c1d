import Models
import ReferenceModels
import Tensors
import Testing
import Training

/// Twenty steps of AdamW with clipping, against PyTorch in float64
/// (Tests/Fixtures/make_gpt2_fixtures.py).
@Suite struct FixtureTrainingTests {
    /// Rounding of float32: ten times what was seen, and what PyTorch's own float32 strays.
    static let lossTolerance = 3e-6
    static let normTolerance = 4e-6
    static let weightTolerance: Float = 4e-6

    /// Rounding of float32, through attention that is bounded and norms of small vectors.
    static let familyTolerance = 1e-5

    let device = Device(threadCount: 2)

    @Test(arguments: ReferenceModel.families)
    func lossesOfTenStepsOfEachFamilyEqualPyTorch(_ reference: ReferenceModel) throws {
        let training = try ReferenceTraining(reference, try reference.model(device: device))
        let losses = try reference.values("losses")
        #expect(losses.count == 10)
        for step in losses.indices {
            let loss = training.run(step: step).loss
            #expect(abs(loss - Double(losses[step])) < Self.familyTolerance, "step \(step)")
        }
    }

    @Test(arguments: ReferenceModel.gpt2)
    func lossesNormsAndWeightsOfTwentyStepsEqualPyTorch(_ reference: ReferenceModel) throws {
        let model = try reference.model(device: device)
        let training = try ReferenceTraining(reference, model)
        let losses = try reference.values("losses")
        let norms = try reference.values("gradient_norms")
        for step in losses.indices {
            let (loss, norm) = training.run(step: step)
            #expect(abs(loss - Double(losses[step])) < Self.lossTolerance, "step \(step)")
            #expect(abs(norm - Double(norms[step])) < Self.normTolerance, "step \(step)")
        }
        for parameter in model.parameters.parameters {
            let expected = try reference.values("final.\(parameter.name)")
            let weights = model.parameters.value(of: parameter).array
            for part in determined(parameter) {
                let difference = zip(weights[part], expected[part]).map { abs($0 - $1) }.max()
                #expect(difference ?? 1 < Self.weightTolerance, "\(parameter.name)")
            }
        }
    }

    /// Softmax does not see the key bias: what AdamW makes of its rounding noise is anything.
    private func determined(_ parameter: Parameter) -> [Range<Int>] {
        let count = parameter.range.count
        guard parameter.name.hasSuffix("c_attn.bias") else { return [0..<count] }
        return [0..<count / 3, 2 * count / 3..<count]
    }
}

/// The training of make_gpt2_fixtures.py, with the parts of the trainer.
private struct ReferenceTraining {
    let model: LanguageModel
    let optimizer: Optimizer
    let gradients: ParameterGradients
    let learningRates: [Float]
    /// [steps, sequences, T + 1].
    let batches: Tensor<Int32>

    init(_ reference: ReferenceModel, _ model: LanguageModel) throws {
        self.model = model
        var options = OptimizerOptions()
        (options.beta1, options.beta2, options.epsilon) = (0.9, 0.95, 1e-8)
        options.weightDecay = 0.1
        optimizer = Optimizer(options, parameters: model.parameters)
        gradients = ParameterGradients(model.parameters)
        learningRates = try reference.values("learning_rates")
        batches = try reference.tokens("batches", device: model.device)
    }

    /// Loss and gradient norm before the update.
    func run(step: Int) -> (loss: Double, norm: Double) {
        let (sequences, width) = (batches.shape[1], batches.shape[2])
        let rows = (0..<sequences).map { row in
            let start = (step * sequences + row) * width
            return Array(batches.buffer[start..<start + width])
        }
        let shape = [sequences, width - 1]
        let tape = Tape(device: model.device, gradients: gradients)
        gradients.reset()
        let sum = model.loss(
            tape, inputs: model.device.tensor(rows.flatMap { $0.dropLast() }, shape: shape),
            targets: model.device.tensor(rows.flatMap { $0.dropFirst() }, shape: shape), scale: 1)
        tape.backward(from: sum.root)

        let averaging = 1 / Double(sequences * (width - 1))
        let squares = gradients.values.array.reduce(0.0) { $0 + Double($1) * Double($1) }
        let norm = squares.squareRoot() * averaging
        optimizer.update(
            gradients.values, learningRate: Double(learningRates[step]),
            gradientScale: GradientClipping(maximumNorm: 1).scale(norm: norm) * averaging)
        return (sum.value * averaging, norm)
    }
}
