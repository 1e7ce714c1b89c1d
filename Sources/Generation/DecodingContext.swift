import Models
import Tensors

/// The part of a growing sequence that a model sees, with the keys and values of what it has seen.
///
/// Only tokens that are not in the cache yet are computed: the prompt in one pass, then one token
/// at a time, and nothing of a prompt that comes again but its last token.
package final class DecodingContext {
    private let model: LanguageModel
    private let cache: KeyValueCache
    /// The tokens in the cache.
    private var cached: [Int32] = []

    package init(_ model: LanguageModel) {
        self.model = model
        cache = KeyValueCache(model.configuration, device: model.device)
    }

    package var vocabularySize: Int { model.configuration.vocabularySize }

    /// The logits [V] of the token after `ids`.
    ///
    /// - Parameter wanted: those that matter: others may be -infinity; nil: all.
    package func logits(
        after ids: [Int32], wanted: LargestWanted? = nil
    ) -> Tensor<Float> {
        precondition(!ids.isEmpty, "there is no token to go on from")
        let window = ids[Self.windowStart(of: ids.count, model.configuration.contextLength)...]
        let known = zip(window, cached).prefix { $0 == $1 }.count
        // The last token is computed even if it is known: its logits are wanted.
        let kept = cache.truncate(to: min(known, window.count - 1), for: window.count)
        cached = Array(window)
        let new = window.dropFirst(kept)
        return model.nextTokenLogits(
            model.device.tensor(new, shape: [1, new.count]), cache: cache, wanted: wanted)
    }

    /// The first of `count` tokens that the model sees.
    ///
    /// The first token, as long as all fit; then the start moves on by half a context at a time. A
    /// cache of positions cannot slide: each move computes half a context again, and
    /// moving at each token would compute a whole one for each token.
    package static func windowStart(of count: Int, _ contextLength: Int) -> Int {
        let step = max(1, contextLength / 2)
        return (max(0, count - contextLength) + step - 1) / step * step
    }
}
