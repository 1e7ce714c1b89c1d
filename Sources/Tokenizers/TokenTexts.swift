/// The bytes that the ids of a vocabulary mean.
struct TokenTexts: Sendable {
    let leadingSpace: LeadingSpace
    /// The bytes of all tokens, one after the other, and where each one starts.
    private let bytes: [UInt8]
    private let starts: [Int]

    init(_ document: TokenizerDocument) throws {
        let decoder = document.decoder
        leadingSpace = decoder.leadingSpace
        var bytes: [UInt8] = []
        var starts = [0]
        starts.reserveCapacity(document.vocabulary.tokens.count + 1)
        var spellings = document.vocabulary.tokens
        // As the `tokenizers` library has it, a token that is matched on normalized text means that.
        for token in document.vocabulary.addedTokens where token.isNormalized {
            spellings[Int(token.id)] =
                try document.normalizer?.applied(to: token.content, isJoined: false)
                ?? token.content
        }
        for spelling in spellings {
            bytes += try decoder.bytes(of: spelling)
            starts.append(bytes.count)
        }
        (self.bytes, self.starts) = (bytes, starts)
    }

    var count: Int { starts.count - 1 }

    func append(_ index: Int, to result: inout [UInt8]) {
        result.append(contentsOf: bytes[starts[index]..<starts[index + 1]])
    }
}
