import Diagnostics
import Generation
import Tokenizers

/// A context and a text behind it as token ids.
///
/// Both are encoded together, since that decides the tokens at the seam; those behind the tokens of the
/// context alone are the text's. Spaces at the end of a context belong to the text. Of what is longer than
/// the model's context the beginning is left out.
struct TokenPair {
    /// What the model reads, but for the last token.
    let seen: [Int32]
    /// The tokens of the text: the last ones that are seen, and one behind them.
    let continuation: [Int32]
    /// Whether the beginning was left out.
    let isCut: Bool

    /// - Throws: `Failure` for text outside the vocabulary, and for a text that is empty or longer than
    ///   the context.
    init(_ pair: TaskPair, _ encoder: TaskEncoder, contextLength: Int) throws {
        let (context, continuation) = try encoder.ids(of: pair)
        guard !continuation.isEmpty, continuation.count <= contextLength else {
            throw Failure(
                continuation.isEmpty
                    ? "a text to score has no token"
                    : "a choice is longer than the model's context",
                expected: "at most \(contextLength) tokens", got: "\(continuation.count)")
        }
        let whole = context + continuation
        isCut = whole.count > contextLength + 1
        seen = Array(whole.suffix(contextLength + 1).dropLast())
        self.continuation = continuation
    }

    /// - Precondition: there are tokens on both sides, and all but the last fit into the context.
    init(context: [Int32], _ continuation: some Collection<Int32>) {
        let whole = context + continuation
        (seen, self.continuation) = (Array(whole.dropLast()), Array(continuation))
        isCut = false
    }

    /// The place of the first token of the text.
    var firstScored: Int { seen.count + 1 - continuation.count }
}

/// Encodes texts of tasks, and remembers the last context: the choices of a question share it.
final class TaskEncoder {
    private let tokenizer: any Tokenizer
    private var last: (context: String, ids: [Int32]) = ("", [])

    init(_ tokenizer: any Tokenizer) { self.tokenizer = tokenizer }

    /// A text as it begins for the model.
    func ids(of text: String) throws -> [Int32] {
        let ids = try tokenizer.encode(text)
        guard let first = tokenizer.beginningOfTextID, ids.first != first else { return ids }
        return [first] + ids
    }

    fileprivate func ids(of pair: TaskPair) throws -> (context: [Int32], continuation: [Int32]) {
        let scalars = pair.context.unicodeScalars
        guard let end = scalars.lastIndex(where: { !$0.properties.isWhitespace }) else {
            return try bare(pair.context + pair.continuation)
        }
        let behind = scalars.index(after: end)
        let context = String(scalars[..<behind])
        if last.ids.isEmpty || last.context != context { last = (context, try ids(of: context)) }
        let whole = try ids(of: pair.context + pair.continuation)
        return (last.ids, Array(whole.dropFirst(last.ids.count)))
    }

    /// A text without a context comes after what texts begin with, or what ends them.
    private func bare(_ text: String) throws -> (context: [Int32], continuation: [Int32]) {
        let ids = try tokenizer.encode(text)
        let start = try tokenizer.start(of: [])
        return ids.first == start.first && ids.count > 1
            ? (start, Array(ids.dropFirst())) : (start, ids)
    }
}
