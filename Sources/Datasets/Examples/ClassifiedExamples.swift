import Diagnostics
import Tokenizers

/// Texts as the token sequences after whose last token a model predicts their classes.
package struct ClassifiedExamples: Equatable, Sendable {
    /// The only target is that of the last token: the class, or -1 for a text without a label.
    package private(set) var examples: [TokenExample] = []
    /// Texts longer than the sequence length, which have lost their end.
    package private(set) var cutCount = 0

    /// A text that is too long keeps its beginning, which mostly shows what the text is about. The
    /// token that texts start with for the model comes before it.
    ///
    /// - Parameters:
    ///   - labels: nil leaves all labels out.
    ///   - sequenceLength: the most tokens of a text, at most the model's context.
    /// - Throws: `Failure`, with the place, for an unknown label, text outside the vocabulary, and text
    ///   without a token.
    package init(
        _ texts: some Sequence<LabelledText>, labels: ClassLabels?, tokenizer: any Tokenizer,
        sequenceLength: Int
    ) throws {
        precondition(sequenceLength > 0, "a sequence length above 0, got \(sequenceLength)")
        for text in texts {
            let label = try labels.map { Int32(try $0.index(of: text)) } ?? -1
            let ids = try Self.ids(of: text, tokenizer)
            if ids.count > sequenceLength { cutCount += 1 }
            let inputs = Array(ids.prefix(sequenceLength))
            let targets = Array(repeating: -1 as Int32, count: inputs.count - 1) + [label]
            examples.append(TokenExample(inputs: inputs, targets: targets))
        }
    }

    /// A warning of the texts that were cut; nil where none was.
    package func warning(sequenceLength: Int) -> String? {
        guard cutCount > 0 else { return nil }
        return
            "\(cutCount) of \(examples.count) texts are longer than \(Quantity.count(sequenceLength, "token")) "
            + "and lost their end"
    }

    private static func ids(of text: LabelledText, _ tokenizer: any Tokenizer) throws -> [Int32] {
        do {
            let ids = try tokenizer.encode(text.text)
            guard !ids.isEmpty else { throw Failure("the text has no token") }
            return (tokenizer.beginningOfTextID.map { [$0] } ?? []) + ids
        } catch var failure as Failure {
            failure.place = failure.place.map { "\($0), \(text.place)" } ?? text.place
            throw failure
        }
    }
}
