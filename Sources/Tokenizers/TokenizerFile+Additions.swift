import Diagnostics
import JSON

/// A token to be added to a tokenizer.
package struct NewToken: Equatable, Sendable {
    package let text: String
    /// Whether it marks a place rather than being text.
    package let isSpecial: Bool

    package init(_ text: String, isSpecial: Bool = false) {
        (self.text, self.isSpecial) = (text, isSpecial)
    }
}

extension TokenizerFile {
    /// A tokenizer with more tokens, whose ids follow those that are there, in their order; a token that is
    /// there keeps its id.
    ///
    /// They are found in the text as they are spelled, before it is normalized.
    ///
    /// - Throws: `Failure` for a token without text, and for a tokenizer of characters.
    package static func adding(
        _ tokens: [NewToken], to tokenizer: any Tokenizer
    ) throws -> any Tokenizer {
        let place = "the tokenizer with added tokens"
        let root = try JSONValue(parsing: tokenizer.tokenizerJSON, at: place, names: .bytes)
        let document = try TokenizerDocument(root, at: place)
        guard document.kind != .character else {
            throw Failure(
                "cannot add tokens to a tokenizer of characters", expected: "another kind",
                got: tokenizer.kind.rawValue, remedy: "train one of kind bpe", kind: .usage)
        }
        let entries = try entries(tokens, document.vocabulary)
        guard !entries.isEmpty else { return tokenizer }
        let old = (root["added_tokens"]?.array ?? []).map { (id: $0["id"]?.integer ?? 0, $0) }
        let added = old + entries.map { (Int($0.id), TokenizerParts.added($0)) }
        let list = JSONValue.array(added.sorted { $0.0 < $1.0 }.map(\.1))
        var ends = EndOfText.Declared()
        ends.ids = tokenizer.endOfText.ids
        return try self.tokenizer(root.replacing("added_tokens", list), at: place, ends: ends)
    }

    /// The entries of added_tokens that are new.
    private static func entries(
        _ tokens: [NewToken], _ vocabulary: Vocabulary
    ) throws -> [Vocabulary.AddedToken] {
        let ids = vocabulary.ids
        var known = Set(vocabulary.addedTokens.map(\.content))
        var next = max(
            vocabulary.modelCount, (vocabulary.addedTokens.map { Int($0.id) + 1 }.max() ?? 0))
        var entries: [Vocabulary.AddedToken] = []
        for token in tokens {
            let content = Array(token.text.utf8)
            guard !content.isEmpty else {
                throw Failure(
                    "cannot add a token", expected: "a text", got: "an empty one",
                    remedy: "remove it", kind: .usage)
            }
            guard known.insert(content).inserted else { continue }
            let own = ids[content]
            entries.append(
                .init(
                    id: own ?? Int32(next), content: content, isSpecial: token.isSpecial,
                    isNormalized: false))
            if own == nil { next += 1 }
        }
        return entries
    }
}

extension JSONValue {
    /// An object with another value for a key, at its old place or else at the end.
    fileprivate func replacing(_ key: String, _ value: JSONValue) -> JSONValue {
        let new = Member(key: Array(key.utf8), value: value)
        var list = members ?? []
        if let index = list.firstIndex(where: { $0.key == new.key }) {
            list[index] = new
        } else {
            list.append(new)
        }
        return .members(list)
    }
}
