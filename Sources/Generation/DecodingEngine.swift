import Diagnostics
import Models
import Tensors
import Tokenizers

/// Decodes several texts at once: each step is one pass of the model over the next token of each, and
/// over a part of the prompts that are new.
///
/// A text has a slot with a cache of its own length. What the prompt of a text has in common with what a
/// slot holds is not computed again. The bits of a text do not depend on the texts beside it, on what was
/// known of its prompt, nor on how its prompt was cut.
package final class DecodingEngine {
    package let contextLength: Int
    private let tokenizer: any Tokenizer
    private let slotCount: Int
    private let rowsAtOnce: Int
    private var slots: [DecodingSlot] = []
    /// Texts that wait for a slot, in the order in which they came.
    private var waiting: [DecodedText] = []
    private var number = 0
    private var stepCount = 0
    package private(set) var counts = DecodingCounts()

    /// - Parameters:
    ///   - slotCount: texts that are decoded at once; usual 1 to 16.
    ///   - contextLength: the tokens of each at most.
    ///   - rowsAtOnce: rows of a step, which bounds how long a new prompt holds up the texts beside it;
    ///     usual 128 to 512.
    package init(
        tokenizer: any Tokenizer, slotCount: Int, contextLength: Int, rowsAtOnce: Int = 512
    ) {
        precondition(
            slotCount >= 1 && contextLength >= 1 && rowsAtOnce >= 1,
            "expected a slot, a context and a row, got \(slotCount), \(contextLength), \(rowsAtOnce)"
        )
        (self.tokenizer, self.slotCount) = (tokenizer, slotCount)
        (self.contextLength, self.rowsAtOnce) = (contextLength, rowsAtOnce)
    }

    package var waitingCount: Int { waiting.count }
    package var busyCount: Int { slots.count { $0.text != nil } }
    package var isIdle: Bool { waiting.isEmpty && busyCount == 0 }

    /// Adds a text, which begins as soon as there is a slot.
    ///
    /// - Parameter receive: called for each event, in `step`; returns false to end the text.
    /// - Returns: the number of the text.
    /// - Precondition: the model has a row for each token of the vocabulary, and the prompt fits.
    @discardableResult
    package func add(
        _ request: GenerationRequest, receive: @escaping (GenerationEvent) -> Bool
    ) -> Int {
        precondition(
            request.model.configuration.vocabularySize >= tokenizer.vocabularySize,
            "the model has \(request.model.configuration.vocabularySize) tokens, the tokenizer "
                + "\(tokenizer.vocabularySize)")
        precondition(
            request.prompt.count <= contextLength,
            "expected a prompt of at most \(contextLength) tokens, got \(request.prompt.count)")
        number += 1
        waiting.append(
            DecodedText(request, number: number, tokenizer: tokenizer, receive: receive))
        return number
    }

    /// Ends a text before its next token.
    package func cancel(_ number: Int) {
        waiting.removeAll { $0.number == number }
        for slot in slots where slot.text?.number == number { slot.text?.cancel() }
    }

    /// Frees the memory of slots that are free and not of a model in use.
    package func forget(allBut models: [LanguageModel]) {
        slots.removeAll { slot in slot.text == nil && !models.contains { $0 === slot.model } }
    }

    /// Computes the next token of each text that has a slot.
    package func step() {
        stepCount += 1
        release()
        admit()
        for part in parts() { compute(part) }
        release()
    }

    private func release() {
        for slot in slots where slot.text?.isDone == true {
            slot.text = nil
            slot.lastUse = stepCount
        }
    }
}

/// Counts of what an engine did since its start.
package struct DecodingCounts: Sendable {
    /// Tokens of prompts, and those of them that were known already.
    package var promptTokens = 0
    package var knownTokens = 0
    package var drawnTokens = 0
    package var steps = 0
    /// Rows of all steps.
    package var rows = 0

    package init() {}
}

// MARK: Slots

extension DecodingEngine {
    /// Tokens from which on a text waits for another one that computes the same beginning.
    private static let leastShared = 16

    private func admit() {
        waiting = waiting.filter { text in
            guard !text.isDone else { return false }
            return !begin(text)
        }
    }

    /// Gives a text a slot.
    ///
    /// - Returns: whether there was one.
    private func begin(_ text: DecodedText) -> Bool {
        text.fit(into: contextLength)
        guard hasFreeSlot else { return false }
        let served = slots.filter { $0.serves(text.request) }
        let shared = served.map { $0.sharedCount(with: text.window) }
        let most = shared.max() ?? 0
        guard !isComputed(text, beyond: most, in: served) else { return false }
        let best = shared.firstIndex(of: most).map { served[$0] }
        let slot = slot(for: text, sharing: most, with: best)
        if let best, best !== slot { slot.take(first: most, of: best) }
        let kept = min(slot.sharedCount(with: text.window), text.window.count - 1)
        slot.keep(
            first: min(kept, firstUnscored(text, in: slot, of: kept)), for: text.window.count)
        text.knownCount = slot.tokens.count
        slot.text = text
        counts.promptTokens += text.window.count
        counts.knownTokens += slot.tokens.count
        return true
    }

    private var hasFreeSlot: Bool {
        slots.count < slotCount || slots.contains { $0.text == nil }
    }

    /// Whether another text computes more of the beginning of this one just now.
    private func isComputed(
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
    private func firstUnscored(_ text: DecodedText, in slot: DecodingSlot, of kept: Int) -> Int {
        let wanted = text.request.scoredCount ?? 0
        let first = text.scoredPlaces.first { place in
            place >= kept || slot.scores[place].map { $0.likeliest.count < wanted } ?? true
        }
        return first.map { $0 - 1 } ?? kept
    }

    /// A free slot: the one that shares the most where little else of it is lost; else a new one, or the
    /// one that was not used for the longest time.
    private func slot(
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

    private func addSlot(for text: DecodedText) -> DecodingSlot {
        let slot = DecodingSlot(text.request, contextLength: contextLength)
        slots.append(slot)
        return slot
    }
}

// MARK: Steps

extension DecodingEngine {
    /// Rows of a text that go through the model together.
    private struct Stretch {
        let slot: DecodingSlot
        let text: DecodedText
        let ids: [Int32]
        /// The place of the first of them in the text.
        let first: Int

        /// Whether the next token can be drawn behind them.
        var isWhole: Bool { first + ids.count == text.window.count }
    }

    /// What is computed next, for each model: single tokens first, then parts of prompts, as many as rows
    /// are left.
    private func parts() -> [[Stretch]] {
        var room = rowsAtOnce
        var parts: [(model: LanguageModel, stretches: [Stretch])] = []
        let busy = slots.compactMap { slot in slot.text.map { (slot: slot, text: $0) } }
        for (slot, text) in busy { move(slot, text) }
        let ordered = busy.sorted { a, b in
            let (left, right) = (leftCount(a.slot, a.text), leftCount(b.slot, b.text))
            return (left > 1 ? 1 : 0, a.text.number) < (right > 1 ? 1 : 0, b.text.number)
        }
        for (slot, text) in ordered {
            let count = min(leftCount(slot, text), max(room, leftCount(slot, text) == 1 ? 1 : 0))
            guard count > 0 else { continue }
            room -= count
            let first = slot.tokens.count
            let ids = Array(text.window.dropFirst(first).prefix(count))
            let stretch = Stretch(slot: slot, text: text, ids: ids, first: first)
            if let index = parts.firstIndex(where: { $0.model === slot.model }) {
                parts[index].stretches.append(stretch)
            } else {
                parts.append((slot.model, [stretch]))
            }
        }
        return parts.map(\.stretches)
    }

    private func leftCount(_ slot: DecodingSlot, _ text: DecodedText) -> Int {
        text.window.count - slot.tokens.count
    }

    /// Forgets what a text no longer sees, and all where its positions turn otherwise now.
    private func move(_ slot: DecodingSlot, _ text: DecodedText) {
        let start = text.start
        text.fit(into: contextLength)
        slot.keep(
            first: text.start == start ? slot.tokens.count : 0, for: text.window.count)
    }

    private func compute(_ stretches: [Stretch]) {
        guard let model = stretches.first?.slot.model else { return }
        let hidden = model.advance(
            stretches.map { SlotRows($0.slot.cache, ids: $0.ids) })
        counts.steps += 1
        counts.rows += hidden.shape[0]
        var places: [LogitPlace] = []
        var row = 0
        for stretch in stretches {
            stretch.slot.tokens += stretch.ids
            places += self.places(of: stretch, from: row)
            row += stretch.ids.count
        }
        use(places, of: model, hidden)
    }

    /// Where logits are wanted, and what for.
    private struct LogitPlace {
        let row: Int
        let stretch: Stretch
        /// The place of the token of the prompt that is scored; nil where one is drawn.
        let scored: Int?
    }

    private func places(of stretch: Stretch, from row: Int) -> [LogitPlace] {
        var places: [LogitPlace] = []
        for scored in stretch.text.scoredPlaces
        where (stretch.first..<stretch.first + stretch.ids.count).contains(scored - 1) {
            places.append(
                LogitPlace(row: row + scored - 1 - stretch.first, stretch: stretch, scored: scored))
        }
        if stretch.isWhole {
            places.append(
                LogitPlace(row: row + stretch.ids.count - 1, stretch: stretch, scored: nil))
        }
        return places
    }

    /// Rows whose logits exist at a time.
    private static let rowsOfLogits = 64

    private func use(_ places: [LogitPlace], of model: LanguageModel, _ hidden: Tensor<Float>) {
        let wanted = places.count == 1 ? places[0].stretch.text.wanted : nil
        for start in stride(from: 0, to: places.count, by: Self.rowsOfLogits) {
            let part = places[start..<min(start + Self.rowsOfLogits, places.count)]
            let logits = model.logits(of: part.map(\.row), in: hidden, wanted: wanted)
            for (index, place) in part.enumerated() {
                let row = logits.slice(index..<index + 1)
                if let scored = place.scored {
                    let text = place.stretch.text
                    place.stretch.slot.scores[scored] = score(
                        text.ids[scored], text.request.scoredCount ?? 0, row, model.device)
                } else {
                    draw(place.stretch, from: row, model.device)
                }
            }
        }
    }

    private func score(
        _ id: Int32, _ count: Int, _ logits: Tensor<Float>, _ device: Device
    ) -> TokenScore {
        let drawable = count > 0 ? Array(logits.array.prefix(tokenizer.vocabularySize)) : []
        let likeliest = count > 0 ? drawable.largest(count).prefix(count) : []
        let values = device.logProbabilities(
            of: [id] + likeliest.map(\.id), in: UnsafeBufferPointer(logits.buffer))
        return TokenScore(
            logProbability: values[0],
            likeliest: zip(likeliest, values.dropFirst()).map {
                ScoredToken(id: $0.id, score: $1)
            })
    }

    private func draw(_ stretch: Stretch, from logits: Tensor<Float>, _ device: Device) {
        let (slot, text) = (stretch.slot, stretch.text)
        if !text.hasToldPrompt {
            let places = text.scoredPlaces
            let scores = places.isEmpty ? [] : [nil] + places.map { slot.scores[$0] }
            text.tellPrompt(scores)
        }
        guard !text.isDone else { return }
        counts.drawnTokens += 1
        do {
            try text.draw(from: logits.array, contextLength: contextLength) { id in
                text.request.scoredCount.map { self.score(id, $0, logits, device) }
            }
        } catch {
            text.fail(error as? Failure ?? Failure("\(error)"))
        }
    }
}
