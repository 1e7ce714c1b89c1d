import Diagnostics
import Generation
import Models
import Tokenizers

/// How likely a text is behind another one.
package struct TaskLikelihood: Equatable, Sendable {
    /// In nats.
    package var logLikelihood = 0.0
    /// Whether each of its tokens is the likeliest one.
    package var isGreedy = true
    /// The tokens, from the front, that are the likeliest ones.
    package var matchedCount = 0

    package init(logLikelihood: Double = 0, isGreedy: Bool = true) {
        (self.logLikelihood, self.isGreedy) = (logLikelihood, isGreedy)
    }

    fileprivate mutating func add(_ id: Int32, _ score: TokenScore) {
        logLikelihood += Double(score.logProbability)
        if score.likeliest.first?.id != id { isGreedy = false }
        if isGreedy { matchedCount += 1 }
    }
}

/// Asks a model the questions of tasks, by the decoding engine: what questions have in common at their
/// beginnings is computed once.
package final class TaskModel {
    private let model: LanguageModel
    private let tokenizer: any Tokenizer

    /// Texts in the engine at a time.
    private static let slotCount = 16
    /// Bytes that their keys and values may take.
    private static let cacheSize = 1 << 29

    package init(_ model: LanguageModel, _ tokenizer: any Tokenizer) {
        (self.model, self.tokenizer) = (model, tokenizer)
    }

    var contextLength: Int { model.configuration.contextLength }
    var encoder: TaskEncoder { TaskEncoder(tokenizer) }

    /// The likelihood of each pair.
    func likelihoods(of pairs: [TokenPair]) throws -> [TaskLikelihood] {
        let results = Results(pairs.map { _ in TaskLikelihood() })
        try run(pairs.count, contextLength: pairs.map(\.seen.count).max() ?? 1) { index in
            let pair = pairs[index]
            var request = GenerationRequest(
                model: model, prompt: pair.seen, maximumTokens: 0, sampler: Self.greedy)
            request.scoresPrompt = true
            request.scoredCount = 1
            request.firstScored = pair.firstScored
            request.followingID = pair.continuation.last
            return (
                request,
                { event in
                    guard case .prompt(_, let scores) = event else { return true }
                    for (id, score) in zip(
                        pair.continuation, scores.suffix(pair.continuation.count))
                    {
                        guard let score else { continue }
                        results.values[index].add(id, score)
                    }
                    return true
                }
            )
        }
        return results.values
    }

    /// What the model writes after each of some texts, as long as it is likeliest.
    func texts(after prompts: [[Int32]], _ options: TaskGeneration) throws -> [String] {
        let results = Results(prompts.map { _ in "" })
        let room = contextLength - options.maximumTokens
        guard room > 0 else {
            throw Failure(
                "the task's key generation_kwargs.max_gen_toks",
                expected: "less than the model's context of \(contextLength) tokens",
                got: "\(options.maximumTokens)", kind: .usage)
        }
        let longest = prompts.map(\.count).max() ?? 1
        try run(prompts.count, contextLength: min(longest, room) + options.maximumTokens) { index in
            var request = GenerationRequest(
                model: model, prompt: try self.tokenizer.start(of: prompts[index]).suffix(room),
                maximumTokens: options.maximumTokens, sampler: Self.greedy)
            request.stops = options.stops.filter { !$0.isEmpty }
            return (
                request,
                { event in
                    switch event {
                    case .token(_, _, let text): results.values[index] += text
                    case .end(let end): results.values[index] += end.text
                    case .failure(let failure): results.failure = failure
                    default: break
                    }
                    return true
                }
            )
        }
        if let failure = results.failure { throw failure }
        return results.values
    }

    private static var greedy: TokenSampler {
        var options = SamplingOptions(seed: 0)
        options.temperature = 0
        return TokenSampler(options)
    }

    /// Passes requests to an engine, a few more than it has slots for.
    private func run(
        _ count: Int, contextLength: Int,
        _ request: (Int) throws -> (GenerationRequest, (GenerationEvent) -> Bool)
    ) throws {
        let configuration = model.configuration
        let slotSize =
            configuration.layerCount * configuration.keyValueSize * contextLength
            * 2 * MemoryLayout<Float>.stride
        let slotCount = max(2, min(Self.slotCount, Self.cacheSize / max(1, slotSize)))
        let engine = DecodingEngine(
            tokenizer: tokenizer, slotCount: slotCount, contextLength: contextLength)
        var next = 0
        while next < count || !engine.isIdle {
            while next < count, engine.waitingCount < 2 * slotCount {
                let (text, receive) = try request(next)
                engine.add(text, receive: receive)
                next += 1
            }
            engine.step()
        }
    }
}

/// Results that come one after the other.
private final class Results<Value> {
    var values: [Value]
    var failure: Failure?

    init(_ values: [Value]) { self.values = values }
}
