import Diagnostics
import Models
import Tensors
import Tokenizers

/// What is computed in a step.
extension DecodingEngine {
    /// Rows of a text that go through the model together.
    struct Stretch {
        let slot: DecodingSlot
        let text: DecodedText
        let ids: [Int32]
        /// The place of the first of them in the text.
        let first: Int
        /// How many of them, the last ones, are guesses.
        let guessedCount: Int
        /// Whether the next token can be drawn behind those that are no guesses.
        let isWhole: Bool

        /// Those that are no guesses.
        var ownCount: Int { ids.count - guessedCount }
    }

    /// What is computed next, for each model: single tokens first, then parts of prompts, as many as rows
    /// are left.
    func parts() -> [[Stretch]] {
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
            let guesses = drafts(slot, text, atMost: room)
            room -= guesses.count
            let stretch = Stretch(
                slot: slot, text: text, ids: ids + guesses, first: first,
                guessedCount: guesses.count, isWhole: first + ids.count == text.window.count)
            if let index = parts.firstIndex(where: { $0.model === slot.model }) {
                parts[index].stretches.append(stretch)
            } else {
                parts.append((slot.model, [stretch]))
            }
        }
        return parts.map(\.stretches)
    }

    func leftCount(_ slot: DecodingSlot, _ text: DecodedText) -> Int {
        text.window.count - slot.tokens.count
    }

    /// Forgets what a text no longer sees, and all where its positions turn otherwise now.
    func move(_ slot: DecodingSlot, _ text: DecodedText) {
        let start = text.start
        text.fit(into: contextLength)
        slot.keep(
            first: text.start == start ? slot.tokens.count : 0, for: text.window.count)
    }

    func compute(_ stretches: [Stretch]) {
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
        for stretch in stretches { settle(stretch) }
    }

    /// Where logits are wanted, and what for.
    struct LogitPlace {
        let row: Int
        let stretch: Stretch
        /// The place of the token of the prompt that is scored; nil where one is drawn.
        var scored: Int?
        /// The guesses that must have come true before one is drawn here.
        var guessed = 0
    }

    func places(of stretch: Stretch, from row: Int) -> [LogitPlace] {
        var places: [LogitPlace] = []
        for scored in stretch.text.scoredPlaces
        where (stretch.first..<stretch.first + stretch.ids.count).contains(scored - 1) {
            places.append(
                LogitPlace(row: row + scored - 1 - stretch.first, stretch: stretch, scored: scored))
        }
        guard stretch.isWhole else { return places }
        let last = row + stretch.ownCount - 1
        for guessed in 0...stretch.guessedCount {
            places.append(LogitPlace(row: last + guessed, stretch: stretch, guessed: guessed))
        }
        return places
    }

    /// Rows whose logits exist at a time.
    static let rowsOfLogits = 64

    func use(_ places: [LogitPlace], of model: LanguageModel, _ hidden: Tensor<Float>) {
        let wanted = places.count == 1 ? places[0].stretch.text.wanted : nil
        for start in stride(from: 0, to: places.count, by: Self.rowsOfLogits) {
            let part = places[start..<min(start + Self.rowsOfLogits, places.count)]
            let logits = model.logits(of: part.map(\.row), in: hidden, wanted: wanted)
            for (index, place) in part.enumerated() {
                let row = logits.slice(index..<index + 1)
                if let scored = place.scored {
                    let text = place.stretch.text
                    place.stretch.slot.scores[scored] = score(
                        text.ids[scored], text.request, row, model.device)
                } else if isReached(place) {
                    draw(place.stretch, from: row, model.device)
                }
            }
        }
    }

    func score(
        _ id: Int32, _ request: GenerationRequest, _ logits: Tensor<Float>, _ device: Device
    ) -> TokenScore {
        let count = request.scoredCount ?? 0
        var logits = logits
        if request.scoreTemperature != 1 {
            let scaled = device.uninitialized(logits.shape)
            device.scale(logits, by: 1 / request.scoreTemperature, into: scaled)
            logits = scaled
        }
        let drawable = count > 0 ? Array(logits.buffer.prefix(tokenizer.vocabularySize)) : []
        let likeliest = count > 0 ? drawable.largest(count).prefix(count) : []
        let values = device.logProbabilities(
            of: [id] + likeliest.map(\.id), in: UnsafeBufferPointer(logits.buffer))
        return TokenScore(
            logProbability: values[0],
            likeliest: zip(likeliest, values.dropFirst()).map {
                ScoredToken(id: $0.id, score: $1)
            })
    }

    func draw(_ stretch: Stretch, from logits: Tensor<Float>, _ device: Device) {
        let (slot, text) = (stretch.slot, stretch.text)
        if !text.hasToldPrompt {
            let places = text.scoredPlaces
            var scores: [TokenScore?] =
                places.isEmpty
                ? []
                : text.request.prompt.indices.map {
                    places.contains($0) ? slot.scores[$0] : nil
                }
            if let id = text.request.followingID {
                scores.append(score(id, text.request, logits, device))
            }
            text.tellPrompt(scores)
        }
        guard !text.isDone else { return }
        counts.drawnTokens += 1
        do {
            try text.draw(from: logits.buffer, contextLength: contextLength) { id in
                text.request.scoredCount.map { _ in self.score(id, text.request, logits, device) }
            }
        } catch {
            text.fail(error as? Failure ?? Failure("\(error)"))
        }
    }
}
