import Generation
import ModelFiles
import Models
import ReferenceModels
import TemporaryFolders
import Tensors
import Testing
import Tokenizers

/// Texts are the same, bit for bit, whoever else is asking.
@Suite struct DecodingEngineTests {
    /// What a text came to.
    struct Outcome: Equatable {
        var ids: [Int32] = []
        /// The bits of the log-probabilities of the prompt and of what was drawn.
        var bits: [UInt32] = []
        var knownCount = 0

        static func == (a: Outcome, b: Outcome) -> Bool { a.ids == b.ids && a.bits == b.bits }
    }

    static func letters(_ count: Int) -> Pieces {
        Pieces(pieces: (0..<count).map { [UInt8(48 + $0 % 64)] })
    }

    private final class Outcomes {
        var all: [Int: Outcome] = [:]
    }

    static func request(
        _ number: Int, _ model: LanguageModel, contextLength: Int
    ) -> GenerationRequest {
        var options = SamplingOptions(seed: UInt64(number))
        options.temperature = number % 3 == 0 ? 0 : 1
        options.topK = number % 4 == 1 ? 5 : nil
        options.frequencyPenalty = number % 5 == 2 ? 0.5 : 0
        let count = model.configuration.vocabularySize
        // Several begin alike.
        let length = 1 + (number * 5) % (contextLength / 2)
        let prompt = (0..<length).map { Int32(($0 * 7 + ($0 > 6 ? number : number % 2)) % count) }
        var request = GenerationRequest(
            model: model, prompt: prompt, maximumTokens: 3 + number % 6,
            sampler: TokenSampler(options))
        request.scoredCount = number % 2
        request.scoresPrompt = true
        return request
    }

    /// Lets the texts `numbers` come in their order, `together` at a time in as many slots.
    func outcomes(
        of numbers: [Int], together: Int, _ model: LanguageModel, rowsAtOnce: Int,
        drafts: DraftSource? = .text, _ format: KeyValueFormat = .floats
    ) -> [Int: Outcome] {
        let context = model.configuration.contextLength
        let engine = DecodingEngine(
            tokenizer: Self.letters(model.configuration.vocabularySize), slotCount: together,
            contextLength: context, rowsAtOnce: rowsAtOnce, draftSource: drafts,
            cacheFormat: format)
        let outcomes = Outcomes()
        for (index, number) in numbers.enumerated() {
            outcomes.all[number] = Outcome()
            engine.add(Self.request(number, model, contextLength: context)) { event in
                switch event {
                case .prompt(let known, let scores):
                    outcomes.all[number]?.knownCount = known
                    for case let score? in scores {
                        outcomes.all[number]?.bits.append(score.logProbability.bitPattern)
                    }
                case .token(let id, let score, _):
                    outcomes.all[number]?.ids.append(id)
                    outcomes.all[number]?.bits.append(score?.logProbability.bitPattern ?? 0)
                default: break
                }
                return true
            }
            // The next ones come while this one goes on.
            if index % 3 == 2 { engine.step() }
        }
        while !engine.isIdle { engine.step() }
        return outcomes.all
    }

    /// - Parameter format: how keys and values are kept; only with floats are the bits those of training.
    func check(_ model: LanguageModel, _ format: KeyValueFormat = .floats) {
        let numbers = Array(0..<18)
        let alone = numbers.reduce(into: [Int: Outcome]()) { all, number in
            all.merge(
                outcomes(
                    of: [number], together: 1, model, rowsAtOnce: 1000, drafts: nil, format)
            ) { $1 }
        }
        #expect(Set(alone.values.map(\.ids)).count > 9)
        var knownCount = 0
        for (together, rowsAtOnce, drafts, order) in [
            (1, 1000, .model(model), numbers), (2, 5, .text, numbers),
            (7, 1000, .model(model), Array(numbers.reversed())),
            (16, 11, .text, numbers.map { $0 * 5 % 18 }),
        ] as [(Int, Int, DraftSource, [Int])] {
            let others = outcomes(
                of: order, together: together, model, rowsAtOnce: rowsAtOnce, drafts: drafts,
                format)
            #expect(others == alone, "\(together) together")
            knownCount += others.values.reduce(0) { $0 + $1.knownCount }
        }
        #expect(knownCount > 0)
        guard format == .floats else { return }
        for number in numbers { checkLosses(model, number, alone[number]) }
    }

    /// The log-probabilities are those of the forward pass of training over the whole text.
    private func checkLosses(_ model: LanguageModel, _ number: Int, _ outcome: Outcome?) {
        let context = model.configuration.contextLength
        let prompt = Self.request(number, model, contextLength: context).prompt
        let text = prompt + (outcome?.ids ?? [])
        guard text.count > 1, !turns(model, between: prompt.count, and: text.count) else { return }
        let losses = model.tokenLosses(
            inputs: model.device.tensor(text.dropLast(), shape: [1, text.count - 1]),
            targets: model.device.tensor(text.dropFirst(), shape: [1, text.count - 1]))
        let bits = losses.array.map { (-$0).bitPattern }
        #expect(bits == outcome?.bits ?? [], "text \(number)")
    }

    /// Whether positions turn otherwise in a text of one length than in a longer one: what was scored in
    /// the short one is then not what the long one would have.
    private func turns(_ model: LanguageModel, between short: Int, and long: Int) -> Bool {
        guard case .rotary(let rotary) = model.configuration.positions,
            let limit = rotary.shortLength
        else { return false }
        return short <= limit && long > limit
    }

    @Test(arguments: ReferenceModel.all)
    func textsHaveTheSameBitsAloneAndTogether(_ reference: ReferenceModel) throws {
        check(try reference.model(device: Device(threadCount: 2).byRow))
    }

    @Test(
        .enabled(if: ComputeKernels.hasBFloat16, "the processor has no bfloat16"),
        arguments: ReferenceModel.all)
    func roundedTextsHaveTheSameBitsAloneAndTogether(_ reference: ReferenceModel) throws {
        let model = try reference.model(device: Device(threadCount: 2).byRow)
        model.parameters.keepBFloat16()
        check(model)
    }

    @Test(arguments: [false, true])
    func longTextsHaveTheSameBitsAloneAndTogether(isRounded: Bool) {
        let model = CachedLogitsTests.largeModel(device: Device(threadCount: 2).byRow)
        if isRounded {
            guard ComputeKernels.hasBFloat16 else { return }
            model.parameters.keepBFloat16()
        }
        check(model)
    }

    /// The bits are those of the forward pass that adapters are trained through.
    @Test(
        arguments: [GGUFType.q4Minimum, .q5, .q8], [QuantizedArithmetic.exact, .int8])
    func textsOfQuantisedWeightsHaveTheSameBitsAloneAndTogether(
        _ type: GGUFType, _ arithmetic: QuantizedArithmetic
    ) throws {
        let folder = try TemporaryFolder()
        let device = Device(threadCount: 2).byRow
        let floats = CachedLogitsTests.random(
            .llama(
                vocabularySize: 301, contextLength: 140, embeddingSize: 96, layerCount: 2,
                headCount: 3, keyValueHeadCount: 1, mlpSize: 160, isTied: true), device: device)
        try GGUFModel.publish(
            floats.configuration, tensors: floats.parameters.named(floats.parameters.values),
            tokenizer: CharacterTokenizer(text: "abc\n"), type: type, at: folder("model.gguf"))
        let model = try LoadedModel.load(
            folder("model.gguf"), device: device, weights: .stored
        ).0
        #expect(model.quantizedTypes?.contains(type.name) == true)
        model.parameters.quantizedArithmetic = arithmetic
        check(model)
    }

    @Test func packedWeightsChangeNoBit() {
        let model = CachedLogitsTests.largeModel(device: Device(threadCount: 2).byRow)
        let before = outcomes(of: Array(0..<6), together: 3, model, rowsAtOnce: 9)
        model.packForDecoding()
        #expect(outcomes(of: Array(0..<6), together: 2, model, rowsAtOnce: 50) == before)
    }

    @Test func aTextThatIsCancelledFreesItsSlot() {
        let model = CachedLogitsTests.largeModel(device: Device(threadCount: 1))
        let engine = DecodingEngine(
            tokenizer: Self.letters(301), slotCount: 1, contextLength: 140)
        let request = Self.request(3, model, contextLength: 140)
        var drawn: [Int] = []
        let first = engine.add(request) { event in
            if case .token = event { drawn.append(1) }
            return true
        }
        engine.add(request) { event in
            if case .token = event { drawn.append(2) }
            return true
        }
        engine.step()
        #expect(drawn == [1] && engine.waitingCount == 1)
        engine.cancel(first)
        engine.step()
        #expect(drawn == [1, 2] && engine.waitingCount == 0)
    }
}
