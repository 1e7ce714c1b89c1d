import Diagnostics
import Tokenizers

extension Tokenizer {
    /// The ids that a model sees of a prompt: where texts start with a token for the model, it comes
    /// before the prompt, once.
    ///
    /// - Throws: `Failure` for an empty prompt where there is no end of text to start from.
    package func start(of prompt: [Int32]) throws -> [Int32] {
        let first = beginningOfTextID
        // A chat template may have put it there already.
        let given = (prompt.first == first ? [] : first.map { [$0] } ?? []) + prompt
        if !given.isEmpty { return given }
        guard let endOfText = endOfTextID else {
            throw Failure(
                "the prompt is empty and the tokenizer has no end of text to start from",
                remedy: "give a prompt of at least one character", kind: .usage)
        }
        return [endOfText]
    }
}
