import Generation
import Models
import ReferenceModels
import Tensors
import Testing

/// Guesses change the time of a text, and nothing else.
@Suite struct DraftTests {
    @Test func aTextIsGuessedToGoOnAsItDid() {
        let drafter = TextDrafter()
        #expect(drafter.drafted(after: [1, 2, 3, 4, 5, 6, 1, 2, 3], atMost: 2) == [4, 5])
        #expect(
            drafter.drafted(after: [1, 2, 3, 4, 1, 2, 3, 9, 1, 2, 3], atMost: 6)
                == [9, 1, 2, 3, 9, 1])
        #expect(drafter.drafted(after: [7, 7, 7, 7, 7], atMost: 3) == [7, 7, 7])
        #expect(drafter.drafted(after: [1, 2, 3, 4, 5, 6], atMost: 4) == [])
        #expect(drafter.drafted(after: [1, 2, 3], atMost: 4) == [])
        #expect(drafter.drafted(after: [1, 2, 3, 4, 1, 2, 3], atMost: 0) == [])
    }

    /// What a text came to, and how often the model was asked.
    private func run(
        _ model: LanguageModel, _ drafts: DraftSource?, temperature: Double, count: Int,
        slides: Bool
    ) -> (ids: [Int32], counts: DecodingCounts) {
        let vocabulary = model.configuration.vocabularySize
        let engine = DecodingEngine(
            tokenizer: Pieces(pieces: (0..<vocabulary).map { [UInt8(48 + $0 % 64)] }), slotCount: 1,
            contextLength: model.configuration.contextLength, draftSource: drafts)
        var options = SamplingOptions(seed: 5)
        options.temperature = temperature
        var request = GenerationRequest(
            model: model, prompt: [1, 2, 3, 1, 2, 3, 1, 2], maximumTokens: count,
            sampler: TokenSampler(options))
        (request.ignoresEnd, request.slides) = (true, slides)
        var ids: [Int32] = []
        engine.add(request) { event in
            if case .token(let id, _, _) = event { ids.append(id) }
            return true
        }
        while !engine.isIdle { engine.step() }
        return (ids, engine.counts)
    }

    /// Windows and positions that turn by the length of the text among them, and texts that outgrow the
    /// context.
    @Test(arguments: ReferenceModel.all)
    func guessesChangeNoToken(_ reference: ReferenceModel) throws {
        let model = try reference.model(device: Device(threadCount: 2).byRow)
        for temperature in [0, 1.0] {
            for slides in [false, true] {
                let count = model.configuration.contextLength * (slides ? 2 : 1)
                let plain = run(
                    model, nil, temperature: temperature, count: count, slides: slides)
                #expect(plain.counts.guessedTokens == 0)
                for drafts in [DraftSource.text, .model(model)] {
                    let guessed = run(
                        model, drafts, temperature: temperature, count: count, slides: slides)
                    #expect(guessed.ids == plain.ids, "\(drafts), slides: \(slides)")
                    #expect(guessed.counts.rightGuesses <= guessed.counts.guessedTokens)
                }
            }
        }
    }

    /// The model itself is always right about the likeliest token.
    @Test func rightGuessesSavePasses() throws {
        let model = CachedLogitsTests.largeModel(device: Device(threadCount: 2).byRow)
        let plain = run(model, nil, temperature: 0, count: 100, slides: false)
        let guessed = run(model, .model(model), temperature: 0, count: 100, slides: false)
        #expect(guessed.ids == plain.ids)
        #expect(guessed.counts.guessedTokens == guessed.counts.rightGuesses)
        #expect(guessed.counts.steps < plain.counts.steps / 3)
    }

    /// A source that is nearly always wrong is hardly asked.
    @Test func wrongGuessesCostLittle() throws {
        let model = CachedLogitsTests.largeModel(device: Device(threadCount: 2).byRow)
        let other = CachedLogitsTests.random(
            model.configuration, seed: 8, device: model.device)
        let plain = run(model, nil, temperature: 1, count: 100, slides: false)
        let guessed = run(model, .model(other), temperature: 1, count: 100, slides: false)
        #expect(guessed.ids == plain.ids)
        #expect(guessed.counts.guessedTokens - guessed.counts.rightGuesses <= 24)
    }
}
