import Diagnostics
import Models
import Tensors
import Tokenizers

/// Decodes several texts at once: each step is one pass of the model over the next token of each, and
/// over a part of the prompts that are new.
///
/// A text has a slot with a cache of its own length. What the prompt of a text has in common with what a
/// slot holds is not computed again. The bits of a text do not depend on the texts beside it, on what was
/// known of its prompt, nor on how its prompt was cut. Where caches hold floats they are those of the forward
/// pass of training.
package final class DecodingEngine {
    package let contextLength: Int
    let tokenizer: any Tokenizer
    let slotCount: Int
    let rowsAtOnce: Int
    let draftSource: DraftSource?
    let cacheFormat: KeyValueFormat
    var slots: [DecodingSlot] = []
    /// Texts that wait for a slot, in the order in which they came.
    var waiting: [DecodedText] = []
    var number = 0
    var stepCount = 0
    package internal(set) var counts = DecodingCounts()

    /// - Parameters:
    ///   - slotCount: texts that are decoded at once; usual 1 to 16.
    ///   - contextLength: the tokens of each at most.
    ///   - rowsAtOnce: rows of a step, which bounds how long a new prompt holds up the texts beside it;
    ///     usual 128 to 512.
    ///   - draftSource: what guesses the next tokens of texts, which changes none of them; nil for nothing.
    ///   - cacheFormat: how slots keep keys and values.
    package init(
        tokenizer: any Tokenizer, slotCount: Int, contextLength: Int, rowsAtOnce: Int = 512,
        draftSource: DraftSource? = .text, cacheFormat: KeyValueFormat = .floats
    ) {
        precondition(
            slotCount >= 1 && contextLength >= 1 && rowsAtOnce >= 1,
            "expected a slot, a context and a row, got \(slotCount), \(contextLength), \(rowsAtOnce)"
        )
        (self.tokenizer, self.slotCount) = (tokenizer, slotCount)
        (self.contextLength, self.rowsAtOnce) = (contextLength, rowsAtOnce)
        (self.draftSource, self.cacheFormat) = (draftSource, cacheFormat)
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
            DecodedText(
                request, number: number, tokenizer: tokenizer,
                drafter: draftSource?.makeDrafter(contextLength: contextLength),
                receive: receive))
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

    func release() {
        for slot in slots where slot.text?.isDone == true {
            slot.text = nil
            slot.lastUse = stepCount
        }
    }
}

extension DecodingEngine {
    /// The first of `count` tokens that the model sees of a text that slides.
    ///
    /// The first token, as long as all fit; then the start moves on by half a context at a time. A
    /// cache of positions cannot slide: each move computes half a context again, and
    /// moving at each token would compute a whole one for each token.
    package static func windowStart(of count: Int, _ contextLength: Int) -> Int {
        let step = max(1, contextLength / 2)
        return (max(0, count - contextLength) + step - 1) / step * step
    }
}
