import Diagnostics
import JSON

/// The Unigram model of a tokenizer.json: each token has the logarithm of its probability.
struct UnigramModel: Sendable {
    /// The tokens by their ids.
    var tokens: [[UInt8]] = []
    /// The scores by the ids of the tokens.
    var scores: [Double] = []
    var unknownID: Int32?
    /// Whether a stretch without a token is written as the tokens of its bytes.
    var fallsBackToBytes = false

    init(_ reader: PartReader) throws {
        for (id, value) in (reader.part["vocab"]?.array ?? []).enumerated() {
            guard let pair = value.array, pair.count == 2, let token = pair[0].bytes,
                let score = pair[1].double, score.isFinite, !token.isEmpty
            else {
                throw Vocabulary.failure(
                    "a token and its score in entry \(id) of model.vocab", value.summary,
                    reader.place)
            }
            tokens.append(token)
            scores.append(score)
        }
        guard !tokens.isEmpty else {
            throw Vocabulary.failure("a list model.vocab, not empty", "none", reader.place)
        }
        fallsBackToBytes = try reader.flag("byte_fallback", default: false)
        guard let unknown = reader.part["unk_id"], !unknown.isNull else { return }
        guard let id = unknown.integer, tokens.indices.contains(id) else {
            throw reader.refusal("unk_id in 0..<\(tokens.count)")
        }
        unknownID = Int32(id)
    }
}
