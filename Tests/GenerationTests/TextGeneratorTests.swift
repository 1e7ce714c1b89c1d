import Diagnostics
import Generation
import Models
import ReferenceModels
import Tensors
import Testing

@Suite struct TextGeneratorTests {
    let device = Device(threadCount: 2)

    private var greedy: TokenSampler {
        var options = SamplingOptions(seed: 1)
        options.temperature = 0
        return TokenSampler(options)
    }

    private func ids(
        _ generator: TextGenerator, after prompt: [Int32], count: Int,
        _ sampler: TokenSampler? = nil
    ) throws -> [Int32] {
        var drawn: [Int32] = []
        try generator.generate(
            after: prompt, maximumTokens: count, sampler: sampler ?? greedy
        ) {
            drawn.append($0)
            return true
        }
        return drawn
    }

    /// Greedy ids without a cache: a pass over `window` of the ids for each token.
    private func uncached(
        _ model: LanguageModel, after prompt: [Int32], count: Int,
        window: ([Int32]) -> ArraySlice<Int32> = { $0[...] }
    ) -> [Int32] {
        var ids = prompt
        for _ in 0..<count {
            let seen = window(ids)
            let logits = model.nextTokenLogits(
                model.device.tensor(seen, shape: [1, seen.count])
            ).array
            ids.append(Int32(logits.indices.max { logits[$0] < logits[$1] } ?? 0))
        }
        return Array(ids.dropFirst(prompt.count))
    }

    @Test(arguments: ReferenceModel.all)
    func greedyIDsAreThoseOfTransformersWithAndWithoutCache(
        _ reference: ReferenceModel
    ) throws {
        let model = try reference.model(device: device)
        let prompt = try reference.tokens("prompt", device: device).array
        let expected = try reference.tokens("greedy_ids", device: device).array
        let count = expected.count - prompt.count
        let letters = Pieces.letters(model.configuration.vocabularySize)
        let generator = TextGenerator(model: model, tokenizer: letters)
        #expect(count == (reference.isOfAFamily ? 64 : 12))
        #expect(prompt + (try ids(generator, after: prompt, count: count)) == expected)
        #expect(prompt + uncached(model, after: prompt, count: count) == expected)
    }

    /// Full at 17 tokens: the model goes on with the tokens from 8 on, then from 16 on.
    @Test func sequenceThatOutgrowsTheContextLosesItsOlderHalf() throws {
        let model = try ReferenceModel.all[0].model(device: device)
        let generator = TextGenerator(model: model, tokenizer: Pieces.letters(37))
        let prompt: [Int32] = [3, 1, 4, 1, 5]
        let expected = uncached(model, after: prompt, count: 60) { ids in
            var start = 0
            while ids.count - start > 17 { start += 8 }
            return ids[start...]
        }
        #expect(try ids(generator, after: prompt, count: 60) == expected)
    }

    @Test(arguments: [
        (1, 16, 0), (16, 16, 0), (17, 16, 8), (24, 16, 8), (25, 16, 16), (17, 17, 0), (18, 17, 8),
        (25, 17, 8), (26, 17, 16), (1, 1, 0), (5, 1, 4), (5, 2, 3), (4, 3, 1),
    ])
    func windowStartsAtAMultipleOfHalfTheContext(count: Int, context: Int, start: Int) {
        #expect(DecodingEngine.windowStart(of: count, context) == start)
    }

    @Test func onlyTheEndOfALongPromptIsSeen() throws {
        let model = try ReferenceModel.all[0].model(device: device)
        let generator = TextGenerator(model: model, tokenizer: Pieces.letters(37))
        let long = (0..<40).map { Int32($0 * 11 % 37) }
        let cut = try ids(generator, after: long.suffix(17), count: 20)
        #expect(try ids(generator, after: long, count: 20) == cut)
    }

    /// Whatever the sampler looks at: the likeliest token, few, some, all; before and behind a penalty.
    @Test(
        arguments: [
            (0, nil, nil, 1), (0, 3, nil, 1.5), (1, 1, nil, 1), (1, 3, nil, 1), (2, 5, 0.7, 1),
            (1, 4, nil, 1.5), (1, 4, nil, 0.5), (1, 200, nil, 1), (1, nil, 0.5, 1),
            (1, nil, nil, 1),
        ] as [(Double, Int?, Double?, Double)])
    func packedWeightsDrawTheSameTokens(
        temperature: Double, topK: Int?, topP: Double?, penalty: Double
    ) throws {
        let sizes = DecoderConfiguration.gpt2(
            vocabularySize: 320, contextLength: 32, embeddingSize: 64, layerCount: 2, headCount: 2)
        var options = SamplingOptions(seed: 4)
        (options.temperature, options.topK, options.topP) = (temperature, topK, topP)
        options.repetitionPenalty = penalty
        // Rows behind the vocabulary are padding.
        let tokens = Pieces(pieces: Array(repeating: [65], count: 300))
        let drawn = try [false, true].map { isPacked in
            let model = LanguageModel(sizes, device: device)
            model.initialize(seed: 3)
            // Larger weights than those of a fresh model: one that does not repeat itself at once.
            for parameter in model.parameters.parameters where parameter.shape.count == 2 {
                let value = model.parameters.value(of: parameter)
                model.device.fillNormal(value, deviation: 0.3, stream: parameter.index, seed: 3)
            }
            if isPacked { model.packForDecoding() }
            let generator = TextGenerator(model: model, tokenizer: tokens)
            return try ids(generator, after: [5, 6, 7], count: 50, TokenSampler(options))
        }
        #expect(drawn[0] == drawn[1] && Set(drawn[0]).count > 1)
    }

    @Test func paddedTokensAreNeverDrawn() throws {
        let model = try ReferenceModel.all[0].model(device: device)
        var options = SamplingOptions(seed: 2)
        options.temperature = 5
        let sampler = TokenSampler(options)
        let all = TextGenerator(model: model, tokenizer: Pieces.letters(37))
        #expect(try ids(all, after: [1], count: 300, sampler).contains { $0 >= 29 })
        let fewer = TextGenerator(model: model, tokenizer: Pieces.letters(29))
        #expect(try ids(fewer, after: [1], count: 300, sampler).allSatisfy { $0 < 29 })
    }

    /// The prompt of a second sample is in the cache already.
    @Test func aSampleDoesNotDependOnTheSamplesBefore() throws {
        let model = try ReferenceModel.all[0].model(device: device)
        let letters = Pieces.letters(37)
        let shared = TextGenerator(model: model, tokenizer: letters)
        var samples: Set<[Int32]> = []
        for sample in 0..<4 {
            let sampler = TokenSampler(SamplingOptions(seed: 1), sample: sample)
            let fresh = TextGenerator(model: model, tokenizer: letters)
            // The third outgrows the context.
            let count = sample == 2 ? 40 : 12
            let drawn = try ids(shared, after: [5, 6, 7], count: count, sampler)
            #expect(try ids(fresh, after: [5, 6, 7], count: count, sampler) == drawn)
            samples.insert(drawn)
        }
        #expect(samples.count == 4)
    }

    @Test func endOfTextEndsAndIsNotPassedOn() throws {
        let reference = ReferenceModel.all[1]
        let model = try reference.model(device: device)
        let prompt = try reference.tokens("prompt", device: device).array
        let text = try reference.tokens("greedy_ids", device: device).array.dropFirst(3)
        let last = try #require(text.dropFirst(2).first { !text.prefix(2).contains($0) })
        let letters = Pieces.letters(64, endOfTextID: last)
        let generator = TextGenerator(model: model, tokenizer: letters)
        let drawn = try ids(generator, after: prompt, count: 12)
        #expect(drawn == Array(text.prefix { $0 != last }))
    }

    @Test func theTokenThatTextsBeginWithStandsBeforeThePromptOnce() throws {
        let model = try ReferenceModel.all[0].model(device: device)
        var letters = Pieces.letters(37)
        let expected = try ids(
            TextGenerator(model: model, tokenizer: letters), after: [36, 5, 6], count: 8)
        letters.beginningOfTextID = 36
        let generator = TextGenerator(model: model, tokenizer: letters)
        let ended = expected.prefix { $0 != 36 }
        #expect(try ids(generator, after: [5, 6], count: 8) == Array(ended))
        #expect(try ids(generator, after: [36, 5, 6], count: 8) == Array(ended))
    }

    @Test func anEmptyPromptStartsFromTheEndOfTextOrIsRefused() throws {
        let model = try ReferenceModel.all[0].model(device: device)
        let without = TextGenerator(model: model, tokenizer: Pieces.letters(37))
        #expect(throws: Failure.self) { try ids(without, after: [], count: 3) }
        let with = TextGenerator(model: model, tokenizer: Pieces.letters(37, endOfTextID: 36))
        let after = try ids(without, after: [36], count: 3)
        #expect(try ids(with, after: [], count: 3) == after)
    }
}
