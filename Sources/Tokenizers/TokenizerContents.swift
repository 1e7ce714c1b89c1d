/// All that a tokenizer holds, for the files of other programs.
package struct TokenizerContents: Sendable {
    /// The purpose of a token.
    package enum Kind: Sendable {
        case normal, unknown, special, added, byte
    }

    /// The tokens by id, as they are spelled in tokenizer.json: in the alphabet of bytes, or with
    /// U+2581 for a space.
    package let tokens: [[UInt8]]
    /// The kinds of the tokens, by id.
    package let kinds: [Kind]
    /// The merges as pairs of tokens, first merge first.
    package let merges: [(left: [UInt8], right: [UInt8])]
    /// The scores of a Unigram model by id; nil for other models.
    package let scores: [Float]?
    /// The name that llama.cpp has for the way in which text is cut into pieces; nil where it has none.
    package let preTokenizer: String?
    /// Whether a space is put before a text.
    package let addsSpace: Bool
    package let unknownID: Int32?

    package init(_ tokenizer: any Tokenizer) throws {
        let document = try TokenizerDocument(json: tokenizer.tokenizerJSON, at: "tokenizer.json")
        let isCharacters = document.kind == .character
        tokens = document.vocabulary.tokens.map { token in
            isCharacters && token == [0x20] ? SpaceMark.bytes : token
        }
        preTokenizer = GGMLPreTokenizer(document)?.rawValue
        addsSpace = MarkedSpaces(document).map { $0.prefix != .none } ?? false
        switch document.model {
        case .characters: (merges, scores, unknownID) = ([], nil, nil)
        case .bytePairs(let model):
            (merges, scores) = (model.merges, nil)
            unknownID = model.unknownToken.flatMap { document.vocabulary.ids[$0] }
        case .unigram(let model):
            (merges, scores) = ([], model.scores.map { Float($0) })
            unknownID = model.unknownID
        }
        kinds = Self.kinds(document, unknownID: unknownID)
    }

    private static func kinds(_ document: TokenizerDocument, unknownID: Int32?) -> [Kind] {
        let hasBytes = document.kind == .sentencePiece || document.kind == .unigram
        var kinds = document.vocabulary.tokens.map { token -> Kind in
            hasBytes && ByteToken.byte(spelledBy: token) != nil ? .byte : .normal
        }
        for token in document.vocabulary.addedTokens {
            kinds[Int(token.id)] = token.isSpecial ? .special : .added
        }
        if let unknownID { kinds[Int(unknownID)] = .unknown }
        return kinds
    }
}
