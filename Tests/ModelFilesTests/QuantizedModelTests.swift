import Foundation
import ModelFiles
import Models
import TemporaryFolders
import Tensors
import Testing
import Tokenizers

/// Models whose matrices stay as a GGUF file holds them, beside the same weights as floats.
@Suite struct QuantizedModelTests {
    static let gpt2 = DecoderConfiguration.gpt2(
        vocabularySize: 11, contextLength: 12, embeddingSize: 64, layerCount: 2, headCount: 2)
    static let llama = DecoderConfiguration.llama(
        vocabularySize: 11, contextLength: 12, embeddingSize: 64, layerCount: 2, headCount: 4,
        keyValueHeadCount: 2, mlpSize: 96, positions: RotaryPositions(), isTied: true)
    static let models = [gpt2, llama]
    /// Sums in another order.
    private static let tolerance: Float = 2e-5

    let device = Device(threadCount: 2)
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    /// A file of random weights.
    private func file(_ configuration: DecoderConfiguration, _ type: GGUFType) throws -> String {
        let model = LanguageModel(configuration, device: device)
        model.initialize(seed: 5)
        for parameter in model.parameters.parameters where parameter.shape.count > 1 {
            device.fillNormal(
                model.parameters.value(of: parameter), deviation: 0.2, stream: parameter.index,
                seed: 6)
        }
        let path = folder("model.gguf")
        try GGUFModel.publish(
            configuration, tensors: model.parameters.named(model.parameters.values),
            tokenizer: CharacterTokenizer(text: "abc\n"), type: type, at: path, isReplacing: true)
        return path
    }

    private func model(
        _ path: String, _ held: HeldWeights, lora: LoRAConfiguration? = nil
    ) throws -> LanguageModel {
        let files = held.held(try StoredModelFormat.open(path))
        var plan =
            try lora.map { try ParameterPlan(lora: $0, of: files.model) }
            ?? ParameterPlan { _ in false }
        plan.quantized = held.quantizedTypes(of: files)
        let model = LanguageModel(files.model, device: device, plan: plan)
        try model.readWeights(of: files)
        model.initializeAdditions(seed: 3)
        for layer in model.adapters.layers {
            device.fillNormal(
                model.parameters.value(of: layer.b), deviation: 0.1, stream: layer.b.index, seed: 4)
        }
        return model
    }

    private var inputs: Tensor<Int32> {
        device.tensor([1, 5, 2, 10, 0, 7, 3, 3, 9, 4, 6, 8], shape: [2, 6])
    }

    private func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
        zip(a, b).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? .infinity
    }

    @Test(arguments: models, [GGUFType.q8, .q4, .q4Minimum, .q5, .q5Minimum])
    func logitsAreThoseOfTheDecodedWeights(
        _ configuration: DecoderConfiguration, _ type: GGUFType
    ) throws {
        let path = try file(configuration, type)
        let (stored, floats) = (try model(path, .stored), try model(path, .floats))
        #expect(stored.quantizedTypes?.contains(type.name) == true)
        #expect(floats.quantizedTypes == nil)
        #expect(stored.parameters.parameterCount == floats.parameters.parameterCount)
        // Vectors, and positions of GPT-2, stay floats.
        #expect(stored.parameters.values.count * 8 < floats.parameters.values.count)
        let (own, expected) = (
            stored.logits(Tape(device: device), inputs: inputs).value.array,
            floats.logits(Tape(device: device), inputs: inputs).value.array
        )
        #expect(largestDifference(own, expected) < Self.tolerance)
        #expect(stored.baseHash == floats.baseHash)
    }

    @Test(arguments: models)
    func adaptersTrainAsBesideFloats(_ configuration: DecoderConfiguration) throws {
        let path = try file(configuration, .q4Minimum)
        for decomposes in [false, true] {
            var lora = LoRAConfiguration()
            lora.decomposesWeights = decomposes
            let targets = device.tensor(
                [5, 2, 10, 0, 7, 3, 3, 9, 4, 6, 8, 1] as [Int32], shape: [2, 6])
            let results = try [HeldWeights.stored, .floats].map { held in
                let model = try model(path, held, lora: lora)
                let gradients = ParameterGradients(model.parameters)
                let tape = Tape(device: device, gradients: gradients)
                let loss = model.loss(tape, inputs: inputs, targets: targets, scale: 1)
                tape.backward(from: loss.root)
                return (loss.value, gradients.values.array)
            }
            #expect(abs(results[0].0 - results[1].0) < 1e-4)
            #expect(results[1].1.contains { abs($0) > 0.01 })
            #expect(largestDifference(results[0].1, results[1].1) < 1e-4)
        }
    }

    @Test func anyModelIsQuantisedAsItIsLoaded() throws {
        let own = try model(file(Self.llama, .float32), .quantized(.q8))
        #expect(own.quantizedTypes == "Q8_0")
        let expected = try model(file(Self.llama, .q8), .floats)
        #expect(own.baseHash == expected.baseHash)
        let found = own.logits(Tape(device: device), inputs: inputs).value.array
        let wanted = expected.logits(Tape(device: device), inputs: inputs).value.array
        #expect(largestDifference(found, wanted) < Self.tolerance)
    }

    @Test func integersAreNeverTrainedWith() throws {
        let path = try file(Self.llama, .q8)
        let model = try model(path, .stored, lora: LoRAConfiguration())
        func loss() -> Double {
            let tape = Tape(
                device: device, gradients: ParameterGradients(model.parameters))
            let loss = model.loss(tape, inputs: inputs, targets: inputs, scale: 1)
            tape.backward(from: loss.root)
            return loss.value
        }
        let exact = loss()
        model.parameters.quantizedArithmetic = .int8
        #expect(loss() == exact)
    }
}
