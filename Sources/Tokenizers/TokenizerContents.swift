/// All that a tokenizer holds, for the files of other programs.
package struct TokenizerContents: Sendable {
    /// The purpose of a token.
    package enum Kind: Sendable {
        case normal, unknown, special, added, byte
    }

    /// How text is cut into pieces.
    package enum Pattern: Sendable {
        case gpt2, llama3, none
    }

    /// The tokens by id, as they are spelled in tokenizer.json: in the alphabet of bytes, or with
    /// U+2581 for a space.
    package let tokens: [[UInt8]]
    /// The kinds of the tokens, by id.
    package let kinds: [Kind]
    /// The merges as pairs of tokens, first merge first.
    package let merges: [(left: [UInt8], right: [UInt8])]
    package let pattern: Pattern
    /// Whether a space is put before a text.
    package let addsSpace: Bool
    package let unknownID: Int32?

    package init(_ tokenizer: any Tokenizer) throws {
        let document = try TokenizerDocument(json: tokenizer.tokenizerJSON, at: "tokenizer.json")
        let isCharacters = document.kind == .character
        tokens = document.vocabulary.tokens.map { token in
            isCharacters && token == [0x20] ? BytePairSymbols.space : token
        }
        merges = document.merges
        pattern = isCharacters ? .none : Self.pattern(document.scheme)
        addsSpace = !isCharacters && document.scheme.spacePrefix != .none
        let unknown = document.unknownToken
        unknownID = unknown.flatMap { document.vocabulary.idsOfTokens[$0] }
        kinds = Self.kinds(document, unknownID: unknownID)
    }

    private static func pattern(_ scheme: BytePairScheme) -> Pattern {
        switch scheme.pattern {
        case .gpt2: .gpt2
        case .llama3: .llama3
        case .whole, .words: .none
        }
    }

    private static func kinds(_ document: TokenizerDocument, unknownID: Int32?) -> [Kind] {
        let isSentencePiece = document.kind == .sentencePiece
        var kinds = document.vocabulary.tokens.map { token -> Kind in
            isSentencePiece && BytePairSymbols.byte(spelledBy: token) != nil ? .byte : .normal
        }
        for token in document.vocabulary.addedTokens {
            kinds[Int(token.id)] = token.isSpecial ? .special : .added
        }
        if let unknownID { kinds[Int(unknownID)] = .unknown }
        return kinds
    }
}
