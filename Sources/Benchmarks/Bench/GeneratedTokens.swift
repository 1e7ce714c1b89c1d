import Diagnostics
import Generation
import Models
import Tensors
import Tokenizers

/// A prompt, and the tokens that some texts go on with from it, by the engine of `generate` and `serve`.
struct GeneratedTokens {
    let model: LanguageModel
    let tokenizer: any Tokenizer
    let seed: UInt64
    let promptLength: Int
    let newTokens: Int
    let streamCount: Int
    let cacheFormat: KeyValueFormat

    struct Seconds {
        /// Seconds up to the first token behind the prompt, the likeliest.
        var prompt = 0.0
        /// Seconds when each token is the likeliest one, as `generate --temperature 0` takes it.
        var greedy = 0.0
        /// Seconds when each token is drawn from all tokens, as `generate` does.
        var sampled = 0.0
    }

    func measure() throws -> Seconds {
        // What a random prompt is followed by may repeat itself: guesses would be measured then.
        let engine = DecodingEngine(
            tokenizer: tokenizer, slotCount: streamCount,
            contextLength: promptLength + newTokens, rowsAtOnce: promptLength, draftSource: nil,
            cacheFormat: cacheFormat)
        let prompt = RandomShard.tokens(
            promptLength, vocabularySize: tokenizer.vocabularySize, seed: seed)
        var times = Seconds()
        times.prompt = try seconds(of: engine) { add(1, after: prompt, to: engine, $0) }
        times.greedy = try decode(after: prompt, temperature: 0, engine)
        times.sampled = try decode(after: prompt, temperature: 1, engine)
        return times
    }

    /// Draws `newTokens` tokens for each text, behind a first one that is not counted: with it the texts
    /// get slots and take over the prompt.
    private func decode(
        after prompt: [Int32], temperature: Double, _ engine: DecodingEngine
    ) throws -> Double {
        try seconds(of: engine) { outcome in
            for stream in 0..<streamCount {
                add(
                    newTokens + 1, after: prompt, to: engine, outcome, temperature: temperature,
                    stream: stream)
            }
            engine.step()
        }
    }
}

extension GeneratedTokens {
    /// What became of texts.
    private final class Outcome {
        var failure: Failure?
    }

    private func add(
        _ count: Int, after prompt: [Int32], to engine: DecodingEngine, _ outcome: Outcome,
        temperature: Double = 0, stream: Int = 0
    ) {
        var options = SamplingOptions(seed: seed)
        options.temperature = temperature
        var request = GenerationRequest(
            model: model, prompt: prompt, maximumTokens: count,
            sampler: TokenSampler(options, sample: stream))
        request.ignoresEnd = true
        engine.add(request) { event in
            if case .failure(let failure) = event { outcome.failure = failure }
            return true
        }
    }

    /// The seconds in which the texts that `begin` adds end.
    private func seconds(
        of engine: DecodingEngine, _ begin: (Outcome) -> Void
    ) throws -> Double {
        let outcome = Outcome()
        begin(outcome)
        let duration = ContinuousClock().measure {
            while !engine.isIdle { engine.step() }
        }
        if let failure = outcome.failure { throw failure }
        return duration / .seconds(1)
    }
}
