import Generation
import JSON

/// What a request says about how its texts are generated.
struct GenerationFields {
    var sampling: SamplingOptions
    /// The most tokens of an answer; nil for as many as fit.
    var maximumTokens: Int?
    var stops: [String]
    var stopIDs: Set<Int32>
    var ignoresEnd: Bool
    /// Answers to each prompt.
    var count: Int
    var isStream: Bool
    var tellsUsage: Bool

    private static let mostStops = 32
    private static let mostAnswers = 128

    /// - Parameter vocabularySize: the tokens that there are.
    init(_ fields: RequestFields, vocabularySize: Int) throws(APIFailure) {
        sampling = try Self.sampling(fields, vocabularySize: vocabularySize)
        let most = Int(Int32.max)
        let older = try fields.integer("max_tokens", 0...most)
        maximumTokens = try fields.integer("max_completion_tokens", 0...most) ?? older
        stops = try fields.strings("stop", most: Self.mostStops)
        if stops.contains("") { throw fields.wrong("stop", expected: "texts that are not empty") }
        stopIDs = []
        for value in try fields.array("stop_token_ids") ?? [] {
            guard let id = value.integer, (0..<vocabularySize).contains(id) else {
                throw fields.wrong("stop_token_ids", expected: "ids below \(vocabularySize)", value)
            }
            stopIDs.insert(Int32(id))
        }
        ignoresEnd = try fields.boolean("ignore_eos") ?? false
        count = try fields.integer("n", 1...Self.mostAnswers) ?? 1
        isStream = try fields.boolean("stream") ?? false
        tellsUsage = try fields.object("stream_options")?.boolean("include_usage") ?? false
    }

    private static func sampling(
        _ fields: RequestFields, vocabularySize: Int
    ) throws(APIFailure) -> SamplingOptions {
        let seed = try fields.integer("seed", Int.min...Int.max)
        var options = SamplingOptions(
            seed: seed.map { UInt64(bitPattern: Int64($0)) } ?? .random(in: 0...UInt64.max))
        options.temperature = try fields.number("temperature", 0...100) ?? 1
        options.topP = try fields.number("top_p", 0...1).map { max($0, 1e-9) }
        options.minP = try fields.number("min_p", 0...1)
        let topK = try fields.integer("top_k", -1...Int(Int32.max)) ?? 0
        options.topK = topK > 0 ? topK : nil
        let other = try fields.number("repeat_penalty", 0.01...100) ?? 1
        options.repetitionPenalty = try fields.number("repetition_penalty", 0.01...100) ?? other
        options.presencePenalty = try fields.number("presence_penalty", -2...2) ?? 0
        options.frequencyPenalty = try fields.number("frequency_penalty", -2...2) ?? 0
        options.logitBias = try bias(fields, vocabularySize: vocabularySize)
        return options
    }

    private static func bias(
        _ fields: RequestFields, vocabularySize: Int
    ) throws(APIFailure) -> [Int32: Float] {
        guard let value = fields["logit_bias"] else { return [:] }
        guard let members = value.object else {
            throw fields.wrong("logit_bias", expected: "an object of token ids")
        }
        var biases: [Int32: Float] = [:]
        for (name, bias) in members {
            guard let id = Int32(name), (0..<vocabularySize).contains(Int(id)),
                let number = bias.double, (-100...100).contains(number)
            else {
                throw fields.wrong(
                    "logit_bias", expected: "ids below \(vocabularySize) with -100 to 100", bias)
            }
            biases[id] = Float(number)
        }
        return biases
    }

    /// The tokens of an answer at most.
    ///
    /// - Throws: where the prompt leaves no room, or more is asked for than the context holds.
    func room(behind promptCount: Int, contextLength: Int) throws(APIFailure) -> Int {
        let wanted = maximumTokens ?? contextLength
        guard promptCount + min(wanted, 1) <= contextLength else {
            throw APIFailure(
                "This model's maximum context length is \(contextLength) tokens. However, your "
                    + "messages resulted in \(promptCount) tokens. Please reduce the length of the "
                    + "messages.", field: "messages", code: "context_length_exceeded")
        }
        guard wanted <= contextLength else {
            throw APIFailure(
                "max_tokens is too large: \(wanted). This model supports at most \(contextLength) "
                    + "tokens, and the prompt has \(promptCount).", field: "max_tokens",
                code: "invalid_value")
        }
        return min(wanted, contextLength - promptCount)
    }
}
