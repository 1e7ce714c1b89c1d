import ModelFiles
import Models
import Serving
import TemporaryFolders
import Tensors
import Testing
import Tokenizers

/// How the server holds the weights of a GGUF file.
@Suite struct HeldWeightsTests {
    private static let configuration = DecoderConfiguration.llama(
        vocabularySize: 8, contextLength: 16, embeddingSize: 64, layerCount: 1, headCount: 2,
        keyValueHeadCount: 1, mlpSize: 96)

    private func types(_ weights: HeldWeights?) throws -> String? {
        let device = Device(threadCount: 1)
        let folder = try TemporaryFolder()
        let model = LanguageModel(Self.configuration, device: device)
        model.initialize(seed: 1)
        try GGUFModel.publish(
            Self.configuration, tensors: model.parameters.named(model.parameters.values),
            tokenizer: CharacterTokenizer(text: "abc\n"), type: .q4Minimum,
            at: folder("model.gguf"))
        var options = ServingOptions()
        if let weights { options.weights = weights }
        let loader = ModelLoader(device: device, options: options) {
            $0.parameters.quantizedArithmetic = .int8
        }
        let served = try loader.load(folder("model.gguf")).model
        #expect(served.parameters.quantizedArithmetic == .int8)
        return served.quantizedTypes
    }

    @Test func theyStayAsTheyAreStoredUnlessOtherwiseAskedFor() throws {
        // The output layer has more bits.
        #expect(try types(nil)?.hasPrefix("Q4_1") == true)
        #expect(try types(.quantized(.q8)) == "Q8_0")
        #expect(try types(.floats) == nil)
    }
}
