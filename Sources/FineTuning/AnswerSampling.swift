import Collectives
import Datasets
import Diagnostics
import Generation
import Models
import Objectives
import Tensors
import Tokenizers

/// Draws answers from a model by the decoding engine, and finds how likely a model makes them.
package struct AnswerSampling {
    package let model: LanguageModel
    package let tokenizer: any Tokenizer
    let settings: PolicySettings
    /// Tokens that end an answer besides the ends of text, and texts that do.
    let stopIDs: Set<Int32>
    let stops: [String]
    let seed: UInt64

    package init(
        model: LanguageModel, tokenizer: any Tokenizer, settings: PolicySettings,
        stopIDs: Set<Int32>, stops: [String], seed: UInt64
    ) {
        (self.model, self.tokenizer, self.settings) = (model, tokenizer, settings)
        (self.stopIDs, self.stops, self.seed) = (stopIDs, stops, seed)
    }

    /// Answers that are decoded at once on a rank.
    private static let slotCount = 16

    /// An answer that is wanted.
    package struct Wanted {
        let promptIDs: [Int32]
        /// Answers of different numbers have independent random numbers.
        let sample: Int
        /// Whether the likeliest token is always taken.
        let isGreedy: Bool
        /// Tokens of this answer at most; nil for as many as the settings say.
        let maximumTokens: Int?

        package init(
            promptIDs: [Int32], sample: Int, isGreedy: Bool = false, maximumTokens: Int? = nil
        ) {
            (self.promptIDs, self.sample) = (promptIDs, sample)
            (self.isGreedy, self.maximumTokens) = (isGreedy, maximumTokens)
        }
    }

    /// The answers, which depend on the weights, the prompts and the numbers of the samples alone.
    ///
    /// - Throws: `Failure` where the model gives no probabilities.
    package func answers(_ wanted: [Wanted]) throws -> [RolloutAnswer] {
        guard !wanted.isEmpty else { return [] }
        let longest = wanted.map(\.promptIDs.count).max() ?? 0
        let engine = DecodingEngine(
            tokenizer: tokenizer, slotCount: min(Self.slotCount, wanted.count),
            contextLength: min(
                longest + settings.maximumTokens, model.configuration.contextLength),
            draftSource: nil)
        var answers = wanted.map {
            RolloutAnswer(promptIDs: $0.promptIDs, ids: [], likelihoods: [], isComplete: false)
        }
        var failure: Failure?
        for (index, one) in wanted.enumerated() {
            engine.add(request(one)) { event in
                switch event {
                case .prompt: break
                case .token(let id, let score, _): answers[index].add(id, score)
                case .end(let end):
                    if let id = end.id { answers[index].add(id, end.score) }
                    answers[index].isComplete = end.ending == .stop
                case .failure(let found): failure = failure ?? found
                }
                return true
            }
        }
        while !engine.isIdle { engine.step() }
        if let failure { throw failure }
        for index in answers.indices { answers[index].text = try text(of: answers[index].ids) }
        return answers
    }

    private func request(_ wanted: Wanted) -> GenerationRequest {
        var options = SamplingOptions(seed: seed)
        options.temperature = wanted.isGreedy ? 0 : settings.temperature
        var request = GenerationRequest(
            model: model, prompt: wanted.promptIDs,
            maximumTokens: wanted.maximumTokens ?? settings.maximumTokens,
            sampler: TokenSampler(options, sample: wanted.sample))
        (request.stops, request.stopIDs) = (stops, stopIDs)
        request.scoredCount = 0
        request.scoreTemperature = Float(settings.temperature)
        return request
    }

    /// The text of an answer, without its end.
    func text(of ids: [Int32]) throws -> String {
        let shown = ids.last.map(isEnd) == true ? ids.dropLast() : ids[...]
        let text = try tokenizer.decode(Array(shown))
        let end = stops.compactMap { text.firstRange(of: $0)?.lowerBound }.min()
        return end.map { String(text[..<$0]) } ?? text
    }

    /// Whether an answer ends with a token, or a text, that ends answers.
    func isComplete(_ ids: [Int32]) -> Bool {
        if ids.last.map(isEnd) == true { return true }
        guard !stops.isEmpty, let text = try? tokenizer.decode(ids) else { return false }
        return stops.contains { text.contains($0) }
    }

    private func isEnd(_ id: Int32) -> Bool {
        stopIDs.contains(id) || tokenizer.endOfText.contains(id)
            || id == tokenizer.beginningOfTextID
    }

    /// The log-probabilities that a model gives the tokens of an answer.
    ///
    /// - Parameter isAdapted: whether the adapters of the model count.
    package func likelihoods(
        of answer: RolloutAnswer, by model: LanguageModel, isAdapted: Bool
    ) -> [Float] {
        var wanted = TargetRows()
        (wanted.rows, wanted.targets) = (answer.rows, answer.ids)
        return model.logLikelihoods(
            Tape(device: model.device), inputs: answer.inputs(on: model.device), of: wanted,
            temperature: Float(settings.temperature), isAdapted: isAdapted
        ).values.value.array
    }

    /// What the value head of the model makes of each token of an answer, before it.
    func values(of answer: RolloutAnswer) -> [Float] {
        model.values(
            Tape(device: model.device), inputs: answer.inputs(on: model.device),
            rows: answer.rows
        ).value.array
    }
}

extension RolloutAnswer {
    fileprivate mutating func add(_ id: Int32, _ score: TokenScore?) {
        ids.append(id)
        likelihoods.append(score?.logProbability ?? 0)
    }

    /// What a model reads of it, [1, T].
    fileprivate func inputs(on device: Device) -> Tensor<Int32> {
        let inputs = promptIDs + ids.dropLast()
        return device.tensor(inputs, shape: [1, inputs.count])
    }

    /// The tokens of these after which those of the answer come.
    fileprivate var rows: [Int] {
        Array(promptIDs.count - 1..<promptIDs.count + ids.count - 1)
    }
}

/// Which rank draws which answers: whole groups, the longest prompts dealt first, to and fro; what is left
/// over answer by answer.
package struct AnswerShares {
    /// The numbers of the answers of each rank, in ascending order.
    package let ranks: [[Int]]

    package init(promptLengths: [Int], groupSize: Int, worldSize: Int) {
        let order = promptLengths.indices.sorted {
            (-promptLengths[$0], $0) < (-promptLengths[$1], $1)
        }
        let wholeCount = order.count / worldSize * worldSize
        var ranks = Array(repeating: [Int](), count: worldSize)
        for (place, group) in order.prefix(wholeCount).enumerated() {
            let (round, seat) = place.quotientAndRemainder(dividingBy: worldSize)
            let rank = round.isMultiple(of: 2) ? seat : worldSize - 1 - seat
            ranks[rank] += group * groupSize..<(group + 1) * groupSize
        }
        let rest = order.dropFirst(wholeCount).flatMap {
            $0 * groupSize..<($0 + 1) * groupSize
        }
        for (place, answer) in rest.enumerated() { ranks[place % worldSize].append(answer) }
        self.ranks = ranks.map { $0.sorted() }
    }
}
