import Models

/// Which slot a text gets.
extension DecodingEngine {
    /// Tokens from which on a text waits for another one that computes the same beginning.
    static let leastShared = 16

    func admit() {
        waiting = waiting.filter { text in
            guard !text.isDone else { return false }
            return !begin(text)
        }
    }

    /// Gives a text a slot.
    ///
    /// - Returns: whether there was one.
    func begin(_ text: DecodedText) -> Bool {
        text.fit(into: contextLength)
        guard hasFreeSlot else { return false }
        let served = slots.filter { $0.serves(text.request) }
        let shared = served.map { $0.sharedCount(with: text.window) }
        let most = shared.max() ?? 0
        guard !isComputed(text, beyond: most, in: served) else { return false }
        let best = shared.firstIndex(of: most).map { served[$0] }
        let slot = slot(for: text, sharing: most, with: best)
        if let best, best !== slot { slot.take(first: most, of: best) }
        let same = slot.sharedCount(with: text.window)
        slot.keep(
            first: min(same, text.window.count - 1, firstUnscored(text, in: slot, of: same)),
            for: text.window.count, sharing: same)
        text.knownCount = slot.tokens.count
        slot.text = text
        counts.promptTokens += text.window.count
        counts.knownTokens += slot.tokens.count
        return true
    }

    var hasFreeSlot: Bool {
        slots.count < slotCount || slots.contains { $0.text == nil }
    }

    /// Whether another text computes more of the beginning of this one just now.
    func isComputed(
        _ text: DecodedText, beyond count: Int, in slots: [DecodingSlot]
    ) -> Bool {
        slots.contains { slot in
            guard let other = slot.text, slot.tokens.count < other.window.count else {
                return false
            }
            let common = zip(other.window, text.window).prefix { $0 == $1 }.count
            return min(common, other.request.prompt.count) >= count + Self.leastShared
        }
    }

    /// The row from which on a text is to be computed again for scores that are not known.
    func firstUnscored(_ text: DecodedText, in slot: DecodingSlot, of kept: Int) -> Int {
        let wanted = text.request.scoredCount ?? 0
        let first = text.scoredPlaces.first { place in
            place >= kept || slot.scores[place].map { $0.likeliest.count < wanted } ?? true
        }
        return first.map { $0 - 1 } ?? kept
    }

    /// A free slot: the one that shares the most where little else of it is lost; else a new one, or the
    /// one that was not used for the longest time.
    func slot(
        for text: DecodedText, sharing count: Int, with best: DecodingSlot?
    ) -> DecodingSlot {
        let free = slots.filter { $0.text == nil && $0.serves(text.request) }
        if let best, best.text == nil, 2 * count >= best.tokens.count { return best }
        if slots.count < slotCount { return addSlot(for: text) }
        let oldest = slots.filter { $0.text == nil }.min { $0.lastUse < $1.lastUse }
        if let oldest, !free.contains(where: { $0 === oldest }) {
            slots.removeAll { $0 === oldest }
            return addSlot(for: text)
        }
        guard let oldest else { preconditionFailure("there is a free slot") }
        return oldest
    }

    func addSlot(for text: DecodedText) -> DecodingSlot {
        let slot = DecodingSlot(
            text.request, contextLength: contextLength, format: cacheFormat)
        slots.append(slot)
        return slot
    }
}
