import Tensors

/// The keys and values that a model has computed for the tokens of B growing sequences: with them
/// the next token costs one position, not a pass over the whole sequence.
///
/// Holds 2 layers * B * context * K D numbers from the start (K heads of D; K D = C in GPT-2): 75 MB of
/// floats for a GPT-2 of 124M and one sequence; of layers that see a window, at most two windows. Keys hold
/// the positions of their tokens, so all entries depend on where the sequence begins: when it outgrows the
/// context, the cache cannot slide but is computed again.
///
/// In another format than floats what attention sees is rounded, that of new tokens too: the result does
/// not depend on how the tokens came, but is not that of the forward pass of training.
package final class KeyValueCache {
    package let batchSize: Int
    package let contextLength: Int
    /// Positions that the cache holds.
    package private(set) var length = 0

    private let configuration: DecoderConfiguration
    private let layout: KeyValueLayout
    private let device: Device
    private let whole: StoredLayers
    private let sliding: StoredLayers
    private var windows: WindowStore
    /// The store of each layer, and its number there.
    private let places: [(isSliding: Bool, number: Int)]
    /// The least length of the whole sequences, for positions that turn by it.
    private var sequenceLength: Int

    /// - Parameters:
    ///   - contextLength: the positions that there is room for; by default the model's.
    ///   - sequenceLength: the tokens that the sequences will have, where that is known before.
    ///   - format: how keys and values are kept.
    package init(
        _ configuration: DecoderConfiguration, batchSize: Int = 1, contextLength: Int? = nil,
        sequenceLength: Int = 0, format: KeyValueFormat = .floats, device: Device
    ) {
        let contextLength = contextLength ?? configuration.contextLength
        (self.configuration, self.device) = (configuration, device)
        (self.batchSize, self.contextLength) = (batchSize, contextLength)
        self.sequenceLength = sequenceLength
        let isSliding = (0..<configuration.layerCount).map {
            configuration.window(ofLayer: $0) != nil
        }
        places = isSliding.indices.map { layer in
            (isSliding[layer], isSliding[..<layer].count { $0 == isSliding[layer] })
        }
        windows = WindowStore(
            window: configuration.sliding?.window ?? 1, contextLength: contextLength)
        layout = configuration.keyValueLayout(format)
        let slidingCount = isSliding.count { $0 }
        whole = StoredLayers(
            layerCount: configuration.layerCount - slidingCount, batchSize: batchSize,
            positionCount: contextLength, layout, device)
        sliding = StoredLayers(
            layerCount: slidingCount, batchSize: batchSize, positionCount: windows.room, layout,
            device)
    }

    /// Forgets all positions from `length` on; and all positions where those that the next tokens see are
    /// not there any more, or would turn otherwise.
    ///
    /// - Parameter total: The tokens that the sequences will have with the next ones.
    /// - Returns: the positions that are left.
    @discardableResult
    package func truncate(to length: Int, for total: Int? = nil) -> Int {
        precondition(
            (0...self.length).contains(length),
            "expected at most the \(self.length) positions of the cache, got \(length)")
        let turnsAlike = total.map { turns(as: $0) } ?? true
        let isKept = turnsAlike && (sliding.layerCount == 0 || windows.holds(upTo: length))
        self.length = isKept ? length : 0
        if self.length == 0 { windows.first = 0 }
        if let total { sequenceLength = total }
        return self.length
    }

    /// Whether `count` positions can be forgotten again after they and `known` before them came.
    package func canTakeBack(_ count: Int, behind known: Int) -> Bool {
        let added = length + known + count
        let later = windows.advanced(length: length, by: known + count)
        return turns(as: added)
            && (sliding.layerCount == 0 || later.holds(upTo: length + known))
    }

    /// Takes over the first `count` positions of another cache, in place of its own.
    ///
    /// - Returns: the positions that it has then: none where the other does not hold them any more.
    @discardableResult
    package func take(first count: Int, of other: KeyValueCache) -> Int {
        precondition(
            batchSize == 1 && other.batchSize == 1 && count <= other.length,
            "expected one sequence of at least \(count), got \(other.batchSize) of \(other.length)")
        guard count <= contextLength,
            other.sliding.layerCount == 0 || other.windows.holds(upTo: count)
        else { return truncate(to: 0) }
        other.whole.copy(rows: count, to: whole)
        other.sliding.copy(rows: count - min(count, other.windows.first), to: sliding)
        (length, windows.first) = (count, min(count, other.windows.first))
        sequenceLength = other.sequenceLength
        return count
    }

    /// The bytes of a cache of one sequence.
    package static func byteCount(
        _ model: DecoderConfiguration, contextLength: Int, format: KeyValueFormat = .floats
    ) -> Int {
        let positions = (0..<model.layerCount).reduce(0) { total, layer in
            let room = model.window(ofLayer: layer).map {
                WindowStore(window: $0, contextLength: contextLength).room
            }
            return total + (room ?? contextLength)
        }
        return 2 * positions * model.keyValueLayout(format).positionSize
    }

    /// Whether keys have turned as they do in sequences of so many tokens.
    package func turns(as total: Int) -> Bool {
        guard case .rotary(let rotary) = configuration.positions,
            let short = rotary.shortLength
        else { return true }
        return (max(sequenceLength, length) > short) == (total > short)
    }
}

extension DecoderConfiguration {
    fileprivate func keyValueLayout(_ format: KeyValueFormat) -> KeyValueLayout {
        KeyValueLayout(format, headCount: keyValueHeadCount, headSize: headSize)
    }
}

extension KeyValueCache {
    /// The tokens by which positions turn, with some new ones.
    func sequenceLength(adding count: Int) -> Int { max(sequenceLength, length + count) }

    /// The keys and values of a layer that `count` new positions see, with room for those of the new ones.
    func past(ofLayer layer: Int, adding count: Int) -> PastKeysValues {
        let place = places[layer]
        guard place.isSliding else { return whole.past(place.number, first: 0, length: length) }
        let next = windows.next(length: length, adding: count)
        let kept = next.first - windows.first..<length - windows.first
        guard next.isAside else {
            if kept.lowerBound > 0 { sliding.move(place.number, rows: kept, to: sliding) }
            return sliding.past(place.number, first: next.first, length: length)
        }
        let aside = StoredLayers(
            layerCount: 1, batchSize: batchSize, positionCount: kept.count + count, layout, device)
        sliding.move(place.number, rows: kept, to: aside, 0)
        return aside.past(0, first: next.first, length: length)
    }

    /// Called when attention has written the keys and values of `count` new positions behind `past`.
    func keep(_ past: PastKeysValues, ofLayer layer: Int, adding count: Int) {
        let place = places[layer]
        guard place.isSliding, windows.next(length: length, adding: count).isAside else { return }
        let first = windows.advanced(length: length, by: count).first
        StoredLayers(past).move(
            0, rows: first - past.first..<length + count - past.first, to: sliding, place.number)
    }

    /// Called when all layers have written the keys and values of `count` more positions.
    package func advance(by count: Int) {
        windows = windows.advanced(length: length, by: count)
        length += count
    }
}
