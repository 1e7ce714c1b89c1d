import Models
import ReferenceModels
import Tensors
import Testing

/// Features that no architecture has together compute, too: both layouts of weights give the same loss and
/// the same gradients beside every norm, activation and choice of biases, with and without adapters.
@Suite struct DecoderFeaturesTests {
    /// Rounding of float32 in products whose operands lie in another order.
    static let tolerance: Float = 1e-4
    /// Rounding to bfloat16 before and after a product, or of its operands alone.
    static let bfloat16Tolerance = 0.01

    static let configurations: [DecoderConfiguration] = {
        let plain = DecoderConfiguration.llama(
            vocabularySize: 13, contextLength: 8, embeddingSize: 8, layerCount: 2, headCount: 2,
            keyValueHeadCount: 1, mlpSize: 12)
        let gaussian = plain.with { $0.activation = .gelu }
        let biased = [plain, gaussian].map { model in
            model.with { $0.biasedModules = [.queries, .keys, .values, .raise, .lower] }
        }
        let all = [plain, gaussian] + biased
        return all + all.map { model in model.with { $0.norm = .layer } }
    }()

    enum Adapters: CaseIterable { case none, lowRank, decomposed }

    let device = Device(threadCount: 1)

    @Test(arguments: configurations, Adapters.allCases)
    func bothLayoutsOfWeightsComputeTheSame(
        _ configuration: DecoderConfiguration, _ adapters: Adapters
    ) throws {
        let models = try models(configuration, adapters)
        let (loss, gradients) = try lossAndGradients(models[0])
        let (transposedLoss, transposedGradients) = try lossAndGradients(models[1])
        #expect(abs(Float(loss / transposedLoss) - 1) < Self.tolerance)
        for (name, gradient) in gradients where !name.contains("gate") {
            let other = try #require(transposedGradients[name])
            #expect(relativeError(gradient, other) < Self.tolerance, "\(name)")
        }
    }

    @Test(
        .enabled(if: ComputeKernels.hasBFloat16, "the processor has no bfloat16"),
        arguments: configurations, Adapters.allCases)
    func bothLayoutsOfWeightsAreCloseInMixedPrecision(
        _ configuration: DecoderConfiguration, _ adapters: Adapters
    ) throws {
        let losses = try models(configuration, adapters).map { model in
            model.parameters.keepBFloat16()
            return try lossAndGradients(model).loss
        }
        #expect(abs(losses[0] / losses[1] - 1) < Self.bfloat16Tolerance)
    }

    /// One with weights [out, in], and the same with weights [in, out].
    private func models(
        _ configuration: DecoderConfiguration, _ adapters: Adapters
    ) throws -> [LanguageModel] {
        let outputFirst = try model(configuration, adapters)
        for parameter in outputFirst.parameters.parameters {
            device.fillNormal(
                outputFirst.parameters.value(of: parameter), deviation: 0.3,
                stream: parameter.index, seed: 5)
        }
        let inputFirst = try model(configuration.with { $0.weightLayout = .inputFirst }, adapters)
        for parameter in inputFirst.parameters.parameters {
            let source = try #require(outputFirst.parameters[parameter.name])
            let values = arranged(outputFirst.parameters.value(of: source).array, parameter)
            let target = inputFirst.parameters.value(of: parameter).buffer
            for (index, value) in values.enumerated() { target[index] = value }
        }
        return [outputFirst, inputFirst]
    }

    private func model(
        _ configuration: DecoderConfiguration, _ adapters: Adapters
    ) throws -> LanguageModel {
        var lora = LoRAConfiguration()
        lora.rank = 2
        lora.decomposesWeights = adapters == .decomposed
        let plan =
            try adapters == .none
            ? ParameterPlan() : ParameterPlan(lora: lora, of: configuration)
        return LanguageModel(configuration, device: device, plan: plan)
    }

    /// Values of weights [out, in] in the order of [in, out]; others as they are.
    private func arranged(_ values: [Float], _ parameter: Parameter) -> [Float] {
        guard isLinear(parameter) else { return values }
        let (rows, columns) = (parameter.shape[0], parameter.shape[1])
        return (0..<rows * columns).map { values[$0 % columns * rows + $0 / columns] }
    }

    private func isLinear(_ parameter: Parameter) -> Bool {
        parameter.name.hasSuffix("_proj.weight")
    }

    /// Gradients of weights in the order of [out, in].
    private func lossAndGradients(
        _ model: LanguageModel
    ) throws -> (loss: Double, gradients: [String: [Float]]) {
        let tokens = device.tensor((0..<16).map { Int32($0 * 7 % 13) }, shape: [2, 8])
        let targets = device.tensor((0..<16).map { Int32($0 * 5 % 13) }, shape: [2, 8])
        let gradients = ParameterGradients(model.parameters)
        let tape = Tape(device: device, gradients: gradients)
        let loss = model.loss(tape, inputs: tokens, targets: targets, scale: 1)
        tape.backward(from: loss.root)
        let isTransposed = model.configuration.weightLayout == .inputFirst
        let named = model.parameters.trained.map { parameter in
            let gradient = gradients.gradient(of: parameter).array
            guard isTransposed, isLinear(parameter) else { return (parameter.name, gradient) }
            let (rows, columns) = (parameter.shape[0], parameter.shape[1])
            let back = (0..<rows * columns).map { gradient[$0 % rows * columns + $0 / rows] }
            return (parameter.name, back)
        }
        return (loss.value, Dictionary(uniqueKeysWithValues: named))
    }
}

extension DecoderConfiguration {
    fileprivate func with(_ change: (inout DecoderConfiguration) -> Void) -> DecoderConfiguration {
        var changed = self
        change(&changed)
        return changed
    }
}
