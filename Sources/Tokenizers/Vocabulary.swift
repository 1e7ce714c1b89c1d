import Diagnostics
import JSON

/// The tokens of a tokenizer.json by id: those of its model, then the added ones that the model
/// lacks.
struct Vocabulary {
    /// A token that is found in the text before the model sees it.
    struct AddedToken: Equatable {
        var id: Int32
        var content: [UInt8]
        var isSpecial: Bool
        /// Matched on normalized text, thus after the tokens for which this is false.
        var isNormalized: Bool
    }

    /// The spelling of each id in the file.
    private(set) var tokens: [[UInt8]] = []
    private(set) var addedTokens: [AddedToken] = []

    /// - Throws: `Failure` unless the ids are 0..<n without holes or duplicates.
    init(model vocabulary: JSONValue?, added: JSONValue?, at place: String) throws {
        guard let members = vocabulary?.members else {
            throw Self.failure("an object model.vocab", "none", place)
        }
        try addModel(members, at: place)
        guard let added = (added ?? []).array else {
            throw Self.failure("a list added_tokens", "another type", place)
        }
        try addTokens(added, at: place)
        guard !tokens.isEmpty else { throw Self.failure("at least one token", "none", place) }
    }

    /// A vocabulary that was trained: each added token has its place in `tokens`.
    init(tokens: [[UInt8]], addedTokens: [AddedToken]) {
        self.tokens = tokens
        self.addedTokens = addedTokens
    }

    var idsOfTokens: [[UInt8]: Int32] {
        var ids: [[UInt8]: Int32] = Dictionary(minimumCapacity: tokens.count)
        for (id, token) in tokens.enumerated() { ids[token] = Int32(id) }
        return ids
    }

    private mutating func addModel(_ members: [JSONValue.Member], at place: String) throws {
        tokens = Array(repeating: [], count: members.count)
        for member in members {
            let name = String(decoding: member.key, as: UTF8.self)
            guard let id = member.value.integer, tokens.indices.contains(id) else {
                throw Self.failure(
                    "an id in 0..<\(members.count) for token '\(name)'",
                    member.value.summary, place)
            }
            guard tokens[id].isEmpty, !member.key.isEmpty else {
                throw Self.failure(
                    "one nonempty token for each id", "id \(id) of '\(name)'", place)
            }
            tokens[id] = member.key
        }
    }

    private mutating func addTokens(_ added: [JSONValue], at place: String) throws {
        var ids: [[UInt8]: Int] = [:]
        for (id, token) in tokens.enumerated() { ids[token] = id }
        var seen: Set<Int> = []
        let sorted = added.sorted { ($0["id"]?.integer ?? -1) < ($1["id"]?.integer ?? -1) }
        for value in sorted {
            let token = try Self.addedToken(value, at: place)
            let id = Int(token.id)
            let name = String(decoding: token.content, as: UTF8.self)
            let expected = ids[token.content] ?? tokens.count
            guard id == expected, seen.insert(id).inserted else {
                throw Self.failure("id \(expected) once for '\(name)'", "\(id)", place)
            }
            if id == tokens.count {
                tokens.append(token.content)
                ids[token.content] = id
            }
            addedTokens.append(token)
        }
    }

    private static func addedToken(_ value: JSONValue, at place: String) throws -> AddedToken {
        guard let id = value["id"]?.integer.flatMap(Int32.init(exactly:)),
            let content = value["content"]?.bytes, !content.isEmpty
        else {
            throw failure("an id and a content in each added token", "neither or one", place)
        }
        let name = String(decoding: content, as: UTF8.self)
        for option in ["single_word", "lstrip", "rstrip"] where value[option]?.boolean == true {
            throw failure("\(option) false for '\(name)'", "true, which is not supported", place)
        }
        let isSpecial = value["special"]?.boolean ?? false
        return AddedToken(
            id: id, content: content, isSpecial: isSpecial,
            isNormalized: value["normalized"]?.boolean ?? !isSpecial)
    }

    static func failure(_ expected: String, _ got: String, _ place: String) -> Failure {
        Failure(
            "cannot read the tokenizer", expected: expected, got: got, at: place,
            remedy: "use a tokenizer.json that the tokenizers library reads")
    }
}
