import Generation
import Models
import Tensors

/// A prompt, and the tokens that some sequences go on with from it.
struct GeneratedTokens {
    let model: LanguageModel
    let seed: UInt64
    let promptLength: Int
    let newTokens: Int
    let streamCount: Int

    struct Seconds {
        var prompt = 0.0
        /// Seconds up to the first token that is drawn, as the likeliest.
        var firstToken = 0.0
        /// Seconds when each token is the likeliest one, as `generate --temperature 0` takes it.
        var greedy = 0.0
        /// Seconds when each token is drawn from all tokens, as `generate` does.
        var sampled = 0.0
    }

    private var vocabularySize: Int { model.configuration.vocabularySize }

    func measure() throws -> Seconds {
        let prompt = RandomShard.tokens(promptLength, vocabularySize: vocabularySize, seed: seed)
        let inputs = model.device.tensor(prompt, shape: [1, promptLength])
        let length = promptLength + newTokens
        let first = KeyValueCache(
            model.configuration, contextLength: length, device: model.device)
        var seconds = Seconds()
        let clock = ContinuousClock()
        let start = clock.now
        let logits = model.nextTokenLogits(inputs, cache: first)
        seconds.prompt = (clock.now - start) / .seconds(1)
        var sampler = sampler(temperature: 0, stream: 0)
        let token = try sampler.draw(logits.array)
        seconds.firstToken = (clock.now - start) / .seconds(1)
        let cache =
            streamCount == 1
            ? first : first.repeated(streamCount, contextLength: length, device: model.device)
        seconds.greedy =
            try clock.measure { try decode(cache, after: token, temperature: 0) }
            / .seconds(1)
        cache.truncate(to: promptLength)
        seconds.sampled =
            try clock.measure { try decode(cache, after: token, temperature: 1) }
            / .seconds(1)
        return seconds
    }

    private func sampler(temperature: Double, stream: Int) -> TokenSampler {
        var options = SamplingOptions(seed: seed)
        options.temperature = temperature
        return TokenSampler(options, sample: stream)
    }

    /// Draws `newTokens` tokens for each sequence.
    private func decode(
        _ cache: KeyValueCache, after token: Int32, temperature: Double
    ) throws {
        var samplers = (0..<streamCount).map { sampler(temperature: temperature, stream: $0) }
        let wanted = samplers[0].wanted(ofVocabulary: vocabularySize)
        var last = [Int32](repeating: token, count: streamCount)
        for _ in 0..<newTokens {
            let logits = model.nextLogits(
                model.device.tensor(last, shape: [streamCount, 1]), cache: cache, wanted: wanted)
            for stream in 0..<streamCount {
                last[stream] = try samplers[stream].draw(
                    logits.slice(stream..<stream + 1).array)
            }
        }
    }
}
