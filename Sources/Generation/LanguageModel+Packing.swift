import Models

/// The result of packing the weights.
package enum PackingOutcome: Equatable {
    case packed
    /// Packing would take longer than it saves.
    case tooFewTokens
    /// Both copies of the weights would not fit.
    case tooLittleMemory(neededBytes: Int)
}

extension LanguageModel {
    /// Packs the weights for decoding where that pays, and where there is room.
    ///
    /// - Parameters:
    ///   - tokenCount: the tokens to decode at most. Packing takes about as long as it saves in 50.
    ///   - freeBytes: of memory, of which a quarter is left for the cache and whatever else.
    package func pack(forTokens tokenCount: Int, within freeBytes: Int) -> PackingOutcome {
        guard tokenCount >= 50 else { return .tooFewTokens }
        let bytesPerWeight = precision == .fp32 ? 4 : 2
        let neededBytes = parameters.values.count * bytesPerWeight
        guard neededBytes <= freeBytes / 4 * 3 else {
            return .tooLittleMemory(neededBytes: neededBytes)
        }
        packForDecoding()
        return .packed
    }
}
