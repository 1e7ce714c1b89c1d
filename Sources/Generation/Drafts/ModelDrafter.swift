import Models
import Tensors

/// Guesses the tokens that a smaller model finds likeliest (Leviathan et al., 2023).
package final class ModelDrafter: TokenDrafter {
    private let model: LanguageModel
    private let cache: KeyValueCache
    /// The tokens in the cache.
    private var known: [Int32] = []

    package init(_ model: LanguageModel, contextLength: Int) {
        self.model = model
        let contextLength = min(contextLength, model.configuration.contextLength)
        cache = KeyValueCache(
            model.configuration, contextLength: contextLength, device: model.device)
    }

    package func drafted(after ids: ArraySlice<Int32>, atMost count: Int) -> [Int32] {
        let count = min(count, cache.contextLength - ids.count)
        guard count > 0 else { return [] }
        keep(ids)
        var drafted: [Int32] = []
        var next = Array(ids.dropFirst(known.count))
        while drafted.count < count {
            let hidden = model.advance([SlotRows(cache, ids: next)])
            known += next
            let logits = model.logits(
                of: [next.count - 1], in: hidden,
                wanted: LargestWanted(1, among: model.configuration.vocabularySize))
            guard let id = likeliest(logits) else { break }
            drafted.append(id)
            next = [id]
        }
        return drafted
    }

    /// Keeps what the text has in common with the cache, without its last token: the logits behind it are
    /// wanted.
    private func keep(_ ids: ArraySlice<Int32>) {
        let same = zip(known, ids).prefix { $0 == $1 }.count
        let kept = cache.truncate(to: min(same, ids.count - 1), for: ids.count)
        known.removeSubrange(kept...)
    }

    private func likeliest(_ logits: Tensor<Float>) -> Int32? {
        let best = logits.buffer.enumerated().max { $0.element < $1.element }
        return best.flatMap { $0.element.isFinite ? Int32($0.offset) : nil }
    }
}
