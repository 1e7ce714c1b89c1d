import Generation
import ReferenceModels
import Tensors
import Testing
import Tokenizers

@Suite struct GreedyGenerationTests {
    let device = Device(threadCount: 1)

    @Test(arguments: ReferenceModel.all)
    func temperatureZeroGivesTheTokensOfHuggingFace(_ reference: ReferenceModel) throws {
        let model = try reference.model(device: device)
        let prompt = try reference.tokens("prompt", device: device).array
        let expected = try reference.tokens("greedy_ids", device: device).array
        let tokenizer = Numbers(vocabularySize: model.configuration.vocabularySize)
        let sampler = TokenSampler(
            TokenSampler.Options(temperature: 0, topK: nil, topP: nil, seed: 1))
        var ids = prompt
        try TextGenerator(model: model, tokenizer: tokenizer).generate(
            after: prompt, maximumTokens: expected.count - prompt.count, sampler: sampler
        ) { ids.append($0) }
        #expect(ids == expected)
    }
}

/// Ids alone, no text: the fixtures have none.
private struct Numbers: Tokenizer {
    let vocabularySize: Int
    let kind = TokenizerKind.character
    let endOfTextID: Int32? = nil
    let tokenizerJSON: [UInt8] = []

    func encode(
        _ utf8: UnsafeBufferPointer<UInt8>, malformed: MalformedText, into ids: inout [Int32]
    ) -> Int { 0 }

    func appendBytes(of id: Int32, to bytes: inout [UInt8]) {}
}
