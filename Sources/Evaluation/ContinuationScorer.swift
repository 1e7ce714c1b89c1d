import Models
import Tensors

/// Computes how likely a model finds texts that may follow a context.
///
/// The context goes through the model once, for all that may follow it, and a beginning that it shares
/// with the context before is not computed again. The result has the same bits, whatever was asked
/// before: the beginning is always a pass of its own.
package final class ContinuationScorer {
    private let model: LanguageModel
    private var beginning: (ids: [Int32], cache: KeyValueCache)

    package init(_ model: LanguageModel) {
        self.model = model
        beginning = ([], KeyValueCache(model.configuration, contextLength: 0, device: model.device))
    }

    /// The log-likelihood, in nats, of each of the continuations after the context.
    ///
    /// - Parameter sharedCount: tokens of the context, from the front, that other contexts begin with.
    /// - Precondition: nothing is empty, and the context with each continuation but its last token
    ///   fits into the model's.
    package func logLikelihoods(
        of continuations: [[Int32]], after context: [Int32], sharedCount: Int = 0
    ) -> [Double] {
        guard let last = context.last, let longest = continuations.map(\.count).max() else {
            preconditionFailure("expected a context and a continuation")
        }
        let known = context.dropLast()
        let inputs = continuations.map { [last] + $0.dropLast() }
        let losses = model.tokenLosses(
            inputs: rows(inputs, length: longest, padding: 0),
            targets: rows(continuations, length: longest, padding: -1),
            cache: cache(
                of: known, sharedCount: min(sharedCount, known.count),
                sequenceLength: known.count + longest
            ).repeated(
                continuations.count, contextLength: known.count + longest, device: model.device))
        return continuations.indices.map { row in
            -losses.slice(row..<row + 1).buffer.reduce(0.0) { $0 + Double($1) }
        }
    }

    /// - Parameter sequenceLength: the tokens with the longest continuation.
    private func cache(
        of known: ArraySlice<Int32>, sharedCount: Int, sequenceLength: Int
    ) -> KeyValueCache {
        if beginning.ids != Array(known.prefix(sharedCount))
            || !beginning.cache.turns(as: sequenceLength)
        {
            let cache = KeyValueCache(
                model.configuration, contextLength: sharedCount, sequenceLength: sequenceLength,
                device: model.device)
            remember(known.prefix(sharedCount), in: cache)
            beginning = (Array(known.prefix(sharedCount)), cache)
        }
        guard known.count > sharedCount else { return beginning.cache }
        let cache = beginning.cache.repeated(1, contextLength: known.count, device: model.device)
        remember(known.dropFirst(sharedCount), in: cache)
        return cache
    }

    private func remember(_ ids: ArraySlice<Int32>, in cache: KeyValueCache) {
        guard !ids.isEmpty else { return }
        model.remember(model.device.tensor(ids, shape: [1, ids.count]), in: cache)
    }

    /// Rows of one length, padded on the right.
    private func rows(_ rows: [[Int32]], length: Int, padding: Int32) -> Tensor<Int32> {
        let ids = rows.flatMap { $0 + repeatElement(padding, count: length - $0.count) }
        return model.device.tensor(ids, shape: [rows.count, length])
    }
}
