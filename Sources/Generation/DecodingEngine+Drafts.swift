import Models

/// Guessed tokens that go through the model behind the last one of a text.
extension DecodingEngine {
    /// The guesses for a text whose next pass is over its last token.
    func drafts(_ slot: DecodingSlot, _ text: DecodedText, atMost room: Int) -> [Int32] {
        guard leftCount(slot, text) == 1, text.drawnCount > 0, let drafter = text.drafter else {
            return []
        }
        let count = min(
            text.drafts.draftCount, room, contextLength - text.window.count,
            text.request.maximumTokens - text.drawnCount - 1)
        guard count > 0, slot.cache.canTakeBack(count, behind: 1) else { return [] }
        let vocabulary = Int32(text.vocabularySize)
        let drafts = drafter.drafted(after: text.window, atMost: count)
        return Array(drafts.prefix { (0..<vocabulary).contains($0) })
    }

    /// Whether the text went on as was guessed, up to a row.
    func isReached(_ place: LogitPlace) -> Bool {
        guard place.guessed > 0 else { return true }
        let (stretch, window) = (place.stretch, place.stretch.text.window)
        return stretch.first + stretch.ownCount + place.guessed == window.count
            && window.last == stretch.ids[stretch.ownCount + place.guessed - 1]
    }

    /// Forgets the guesses that did not come true.
    func settle(_ stretch: Stretch) {
        let (slot, text) = (stretch.slot, stretch.text)
        guard stretch.isWhole, text.drafter != nil else { return }
        guard stretch.guessedCount > 0 else { return text.drafts.note(0, of: 0) }
        let kept = slot.sharedCount(with: text.window)
        let right = kept - stretch.first - stretch.ownCount
        text.drafts.note(right, of: stretch.guessedCount)
        counts.guessedTokens += stretch.guessedCount
        counts.rightGuesses += right
        slot.keep(first: kept, for: max(kept, text.window.count))
    }
}
