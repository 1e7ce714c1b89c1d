import Models
import Tensors

/// The cache of one sequence, and what it holds.
final class DecodingSlot {
    let model: LanguageModel
    let cache: KeyValueCache
    let key: String
    /// The tokens in the cache.
    var tokens: [Int32] = []
    /// The scores of tokens by their places, as far as they were wanted.
    var scores: [Int: TokenScore] = [:]
    /// The text that it is used for; nil when it is free.
    var text: DecodedText?
    /// The number of the step in which it was last used.
    var lastUse = 0

    init(_ request: GenerationRequest, contextLength: Int, format: KeyValueFormat) {
        (model, key) = (request.model, request.key)
        cache = KeyValueCache(
            model.configuration, contextLength: contextLength, format: format, device: model.device)
    }

    func serves(_ request: GenerationRequest) -> Bool {
        model === request.model && key == request.key
    }

    /// The tokens from the first on that it has in common with a text.
    func sharedCount(with ids: ArraySlice<Int32>) -> Int {
        zip(tokens, ids).prefix { $0 == $1 }.count
    }

    /// Keeps the first `count` tokens, for a text of `total` tokens whose first `shared` are the same: the
    /// scores of those stay.
    func keep(first count: Int, for total: Int, sharing shared: Int? = nil) {
        let kept = cache.truncate(to: count, for: total)
        guard kept < tokens.count else { return }
        tokens.removeSubrange(kept...)
        scores = scores.filter { $0.key < shared ?? kept }
    }

    /// Takes over the first tokens of another slot.
    func take(first count: Int, of other: DecodingSlot) {
        let taken = cache.take(first: count, of: other.cache)
        tokens = Array(other.tokens.prefix(taken))
        scores = other.scores.filter { $0.key < taken }
    }
}
