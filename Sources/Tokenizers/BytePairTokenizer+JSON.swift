import Diagnostics
import JSON

extension BytePairTokenizer {
    /// The byte-level tokenizer that has no file yet.
    ///
    /// - Parameters:
    ///   - spelledMerges: pairs of tokens, first merge first.
    ///   - pieces: the pre-tokenizer; by default that of GPT-2.
    convenience init(
        _ vocabulary: Vocabulary, spelledMerges: [(left: [UInt8], right: [UInt8])],
        pieces: JSONValue = TokenizerParts.byteLevel(usesPattern: true), at place: String
    ) throws {
        let root = Self.root(vocabulary, spelledMerges, pieces)
        let document = try TokenizerDocument(root, at: place)
        guard case .bytePairs(let model) = document.model else {
            throw Vocabulary.failure("byte-pair encoding", "another model", place)
        }
        try self.init(document, model, TokenizerText(root.rendered(.tokenizer)), ends: .init())
    }

    /// The document that the `tokenizers` library saves for the same tokenizer.
    private static func root(
        _ vocabulary: Vocabulary, _ merges: [(left: [UInt8], right: [UInt8])], _ pieces: JSONValue
    ) -> JSONValue {
        let members = vocabulary.tokens.enumerated().map { id, token in
            JSONValue.Member(key: token, value: .integer(id))
        }
        return TokenizerParts(
            addedTokens: vocabulary.addedTokens, preTokenizer: pieces,
            decoder: TokenizerParts.byteLevel(usesPattern: true, addsSpace: true),
            model: TokenizerDocument.model(
                vocabulary: .members(members),
                merges: merges.map { .array([.bytes($0.left), .bytes($0.right)]) })
        ).root
    }
}
