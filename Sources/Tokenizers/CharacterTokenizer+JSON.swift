import Diagnostics
import JSON

/// The tokenizer.json of characters: a BPE model without merges, whose text is one word and whose
/// decoder joins tokens without spaces, so that `tokenizers` and `transformers` give the same ids
/// and the exact text back.
extension CharacterTokenizer {
    static func render(_ vocabulary: [Unicode.Scalar]) -> [UInt8] {
        let members = vocabulary.enumerated().map { id, scalar in
            JSONValue.Member(key: Array(String(scalar).utf8), value: .integer(id))
        }
        let document: JSONValue = [
            "version": "1.0", "truncation": .null, "padding": .null, "added_tokens": [],
            "normalizer": .null, "pre_tokenizer": .null, "post_processor": .null,
            "decoder": ["type": "Fuse"],
            "model": TokenizerDocument.model(vocabulary: .members(members), merges: []),
        ]
        return document.rendered(.tokenizer)
    }

    /// - Parameter json: the bytes that `document` was read from.
    init(_ document: TokenizerDocument, json: [UInt8]) throws {
        let vocabulary = document.vocabulary
        let scalars = try vocabulary.tokens.map { token in
            let text = String(decoding: token, as: UTF8.self).unicodeScalars
            guard text.count == 1, let scalar = text.first else {
                throw Vocabulary.failure(
                    "one code point in each token of a character tokenizer", "'\(text)'",
                    document.place)
            }
            return scalar
        }
        self.init(vocabulary: scalars, tokenizerJSON: json)
    }
}
