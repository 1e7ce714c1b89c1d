import Generation
import Models
import ReferenceModels
import Tensors
import Testing

@Suite struct StreamedTextTests {
    let model: LanguageModel
    let prompt: [Int32]
    /// What the model adds greedily.
    let greedyIDs: [Int32]

    init() throws {
        let device = Device(threadCount: 1)
        let reference = ReferenceModel.all[1]
        model = try reference.model(device: device)
        prompt = try reference.tokens("prompt", device: device).array
        greedyIDs = Array(
            try reference.tokens("greedy_ids", device: device).array.dropFirst(prompt.count))
    }

    private func parts(
        _ tokenizer: Pieces, temperature: Double = 0, count: Int = 12, stops: [String] = []
    ) throws -> [String] {
        var options = SamplingOptions(seed: 4)
        options.temperature = temperature
        var parts: [String] = []
        try TextGenerator(model: model, tokenizer: tokenizer).generateText(
            after: prompt, maximumTokens: count, sampler: TokenSampler(options), stops: stops
        ) { parts.append($0) }
        return parts
    }

    @Test func textOfEachTokenIsPassedOnAsItComes() throws {
        let letters = Pieces.letters(64)
        #expect(try parts(letters) == greedyIDs.map { letters.text([$0]) })
    }

    @Test func stopTextOverSeveralTokensIsNotPassedOn() throws {
        let letters = Pieces.letters(64)
        let text = letters.text(greedyIDs)
        let stop = letters.text(greedyIDs[4..<7])
        let before = try #require(text.ranges(of: stop).first).lowerBound
        #expect(try parts(letters, stops: ["never", stop]).joined() == text[..<before])
    }

    @Test func aTextThatWasCutIsToldFromOneThatEnded() throws {
        let letters = Pieces.letters(64)
        var options = SamplingOptions(seed: 4)
        options.temperature = 0
        for (tokenizer, stops, hasEnded) in [
            (letters, [], false), (letters, [letters.text(greedyIDs[4..<7])], true),
            (Pieces.letters(64, endOfTextID: greedyIDs[5]), [], true),
        ] {
            let generator = TextGenerator(model: model, tokenizer: tokenizer)
            let result = try generator.generateText(
                after: prompt, maximumTokens: 12, sampler: TokenSampler(options), stops: stops
            ) { _ in }
            #expect(result == hasEnded)
        }
    }

    @Test func beginningOfAStopTextIsPassedOnAtTheEnd() throws {
        let letters = Pieces.letters(64)
        let text = letters.text(greedyIDs)
        let stop = letters.text(greedyIDs.suffix(3)) + "~"
        #expect(try parts(letters, stops: [stop]).joined() == text)
    }

    /// Tokens of single bytes of one to four byte characters, in random order: the parts together
    /// are what the bytes together are.
    @Test func noPartEndsWithinACharacter() throws {
        let bytes = Array("aé€😀".utf8)
        let pieces = Pieces(pieces: (0..<64).map { [bytes[$0 % bytes.count]] })
        // Over whole texts, since broken characters depend on their neighbours.
        let letters = Pieces.letters(64)
        for count in [1, 2, 3, 50, 200] {
            let drawn = try parts(letters, temperature: 3, count: count)
            let ids = drawn.joined().utf8.map { Int32($0) - 48 }
            #expect(ids.count == count)
            let text = try parts(pieces, temperature: 3, count: count).joined()
            #expect(text.utf8.elementsEqual(pieces.text(ids).utf8))
        }
    }
}
