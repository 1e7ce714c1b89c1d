import Diagnostics
import JSON

extension BytePairTokenizer {
    /// - Parameter json: the bytes that `document` was read from.
    convenience init(_ document: TokenizerDocument, json: [UInt8]) throws {
        let merges = try Self.merges(
            document.merges, of: document.vocabulary, at: document.place)
        try self.init(
            document.vocabulary, merges: merges, scheme: document.scheme, tokenizerJSON: json,
            at: document.place)
    }

    /// The tokenizer that has no file yet.
    ///
    /// - Parameter spelledMerges: pairs of tokens, first merge first.
    convenience init(
        _ vocabulary: Vocabulary, spelledMerges: [(left: [UInt8], right: [UInt8])],
        at place: String
    ) throws {
        try self.init(
            vocabulary, merges: try Self.merges(spelledMerges, of: vocabulary, at: place),
            scheme: .gpt2, tokenizerJSON: Self.render(vocabulary, spelledMerges), at: place)
    }

    /// The merges by ids: both sides of each, and what they make, have to be tokens.
    private static func merges(
        _ spelled: [(left: [UInt8], right: [UInt8])], of vocabulary: Vocabulary, at place: String
    ) throws -> [Merge] {
        let ids = vocabulary.idsOfTokens
        return try spelled.enumerated().map { index, merge in
            guard let left = ids[merge.left], let right = ids[merge.right],
                let result = ids[merge.left + merge.right]
            else {
                let text = String(decoding: merge.left + [0x20] + merge.right, as: UTF8.self)
                throw Vocabulary.failure(
                    "merge \(index) between tokens, making a token", "'\(text)'", place)
            }
            return Merge(pair: Merge.pair(left, right), result: result)
        }
    }

    /// The bytes that the `tokenizers` library saves for the same tokenizer.
    private static func render(
        _ vocabulary: Vocabulary, _ merges: [(left: [UInt8], right: [UInt8])]
    ) -> [UInt8] {
        let members = vocabulary.tokens.enumerated().map { id, token in
            JSONValue.Member(key: token, value: .integer(id))
        }
        let added = vocabulary.addedTokens.map { token -> JSONValue in
            [
                "id": .integer(Int(token.id)), "content": .bytes(token.content),
                "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": .boolean(token.isNormalized), "special": .boolean(token.isSpecial),
            ]
        }
        func byteLevel(addPrefixSpace: Bool) -> JSONValue {
            [
                "type": "ByteLevel", "add_prefix_space": .boolean(addPrefixSpace),
                "trim_offsets": true, "use_regex": true,
            ]
        }
        let document: JSONValue = [
            "version": "1.0", "truncation": .null, "padding": .null, "added_tokens": .array(added),
            "normalizer": .null, "pre_tokenizer": byteLevel(addPrefixSpace: false),
            "post_processor": .null,
            // The library's default, which decoding does not read.
            "decoder": byteLevel(addPrefixSpace: true),
            "model": TokenizerDocument.model(
                vocabulary: .members(members),
                merges: merges.map { .array([.bytes($0.left), .bytes($0.right)]) }),
        ]
        return document.rendered(.tokenizer)
    }
}
