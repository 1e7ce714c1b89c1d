import Datasets
import Diagnostics
import Tokenizers

/// A multiple-choice question as token ids.
///
/// Prompt and choice are encoded together, since that decides the tokens at the seam; those behind the
/// tokens of the prompt alone are the choice's. Spaces at the end of a prompt belong to the choice.
struct ChoiceTokens {
    /// The tokens that the model sees before every choice: at most its context without the longest
    /// choice.
    private(set) var context: [Int32]
    let choices: [[Int32]]
    /// Tokens of the context, from the front, that questions with the same prefix begin with.
    private(set) var sharedCount: Int
    /// Whether the context has lost its beginning.
    private(set) var isCut = false

    /// - Parameter prefix: examples, which come before the prompt.
    /// - Throws: `Failure` for text outside the vocabulary, and for a choice longer than the context.
    init(
        _ question: ChoiceQuestion, after prefix: String, _ tokenizer: any Tokenizer,
        contextLength: Int
    ) throws {
        do {
            let text = prefix + question.prompt
            let start = tokenizer.beginningOfTextID.map { [$0] } ?? []
            let beginning = prefix.isEmpty ? [] : try start + tokenizer.encode(prefix)
            context = try start + tokenizer.encode(text.droppingLastSpaces)
            choices = try question.choices.map { [context] choice in
                let whole = try start + tokenizer.encode("\(text) \(choice)")
                return Array(whole[min(context.count, whole.count - 1)...])
            }
            sharedCount = zip(beginning, context).prefix { $0 == $1 }.count
        } catch var failure as Failure {
            failure.place = failure.place.map { "\($0), \(question.place)" } ?? question.place
            throw failure
        }
        try cut(to: contextLength, at: question.place)
    }

    /// The last token of a choice is predicted, not seen.
    private mutating func cut(to contextLength: Int, at place: String) throws {
        let longest = choices.map(\.count).max() ?? 0
        guard longest <= contextLength else {
            throw Failure(
                "a choice is longer than the model's context",
                expected: "at most \(contextLength) tokens", got: "\(longest)", at: place)
        }
        let room = contextLength - longest + 1
        guard context.count > room else { return }
        context.removeFirst(context.count - room)
        (isCut, sharedCount) = (true, 0)
    }
}

extension String {
    fileprivate var droppingLastSpaces: String {
        let end = lastIndex { !$0.isWhitespace }.map(index(after:)) ?? startIndex
        return String(self[..<end])
    }
}
