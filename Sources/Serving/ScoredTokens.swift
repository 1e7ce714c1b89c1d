import Generation
import JSON

/// Tokens with their log-probabilities, in the shapes of OpenAI's protocol.
struct ScoredTokens {
    private let model: ServedModel
    private var ids: [Int32] = []
    private var scores: [TokenScore?] = []
    /// The characters before the first of the tokens.
    private var offset = 0

    init(model: ServedModel) { self.model = model }

    mutating func add(_ ids: [Int32], _ scores: [TokenScore?]) {
        self.ids += ids
        self.scores += scores + Array(repeating: nil, count: max(0, ids.count - scores.count))
    }

    /// The tokens as completions have them.
    var completionJSON: JSONValue {
        let texts = ids.map(model.text)
        var offsets: [JSONValue] = []
        var place = offset
        for text in texts {
            offsets.append(.integer(place))
            place += text.unicodeScalars.count
        }
        return [
            "tokens": .array(texts.map { .string($0) }),
            "token_logprobs": .array(
                scores.map { $0.map { .float($0.logProbability) } ?? .null }),
            "top_logprobs": .array(scores.map { $0.map(likeliest) ?? .null }),
            "text_offset": .array(offsets),
        ]
    }

    /// The tokens so far, which are then forgotten.
    mutating func taken() -> JSONValue {
        defer { forget() }
        return completionJSON
    }

    /// The tokens so far as chats have them, which are then forgotten.
    mutating func takenForChat() -> JSONValue {
        defer { forget() }
        return ["content": .array(chatTokens), "refusal": .null]
    }

    private mutating func forget() {
        offset += ids.reduce(0) { $0 + model.text(of: $1).unicodeScalars.count }
        (ids, scores) = ([], [])
    }

    /// Of tokens of one text the likelier one counts.
    private func likeliest(_ score: TokenScore) -> JSONValue {
        var members: [JSONValue.Member] = []
        for token in score.likeliest {
            let key = Array(model.text(of: token.id).utf8)
            guard !members.contains(where: { $0.key == key }) else { continue }
            members.append(JSONValue.Member(key: key, value: .float(token.score)))
        }
        return .members(members)
    }

    private var chatTokens: [JSONValue] {
        zip(ids, scores).map { id, score in
            var members = token(id, score?.logProbability ?? 0)
            members.append(
                JSONValue.Member(
                    key: Array("top_logprobs".utf8),
                    value: .array(
                        (score?.likeliest ?? []).map { .members(token($0.id, $0.score)) })))
            return .members(members)
        }
    }

    private func token(_ id: Int32, _ logProbability: Float) -> [JSONValue.Member] {
        [
            JSONValue.Member(key: Array("token".utf8), value: .string(model.text(of: id))),
            JSONValue.Member(key: Array("logprob".utf8), value: .float(logProbability)),
            JSONValue.Member(
                key: Array("bytes".utf8),
                value: .array(model.bytes(of: id).map { .integer(Int($0)) })),
        ]
    }
}
