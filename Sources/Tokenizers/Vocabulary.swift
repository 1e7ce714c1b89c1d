import Diagnostics
import JSON

/// The tokens of a tokenizer.json by id: those of its model, then the added ones that the model
/// lacks. An id may have no token.
struct Vocabulary {
    /// A token that is found in the text before the model sees it.
    struct AddedToken: Equatable {
        var id: Int32
        var content: [UInt8]
        var isSpecial: Bool
        /// Matched on normalized text, thus after the tokens for which this is false.
        var isNormalized: Bool
        /// Whether it is found only where no letter or digit stands beside it.
        var isSingleWord = false
        /// Whether it takes the white space before it.
        var takesSpaceBefore = false
        /// Whether it takes the white space behind it.
        var takesSpaceBehind = false
    }

    /// The most ids without a token.
    private static let maximumHoles = 1 << 16

    /// The spelling of each id in the file.
    private(set) var tokens: [[UInt8]] = []
    private(set) var addedTokens: [AddedToken] = []
    /// The ids of the tokens.
    private(set) var ids: TokenTable
    /// The number of tokens of the model: the id from which tokens are added.
    private(set) var modelCount = 0

    /// - Throws: `Failure` where one id has two tokens, or where few of many ids have one.
    init(model vocabulary: JSONValue?, added: JSONValue?, at place: String) throws {
        guard let members = vocabulary?.members else {
            throw Self.failure("an object model.vocab", "none", place)
        }
        modelCount = members.count
        tokens = try Self.tokens(members, at: place)
        ids = TokenTable(tokens)
        try add(added, at: place)
    }

    /// The vocabulary of a model whose tokens stand in the order of their ids.
    init(model tokens: [[UInt8]], added: JSONValue?, at place: String) throws {
        self.tokens = tokens
        modelCount = tokens.count
        ids = TokenTable(tokens)
        try add(added, at: place)
    }

    private mutating func add(_ added: JSONValue?, at place: String) throws {
        guard let added = (added ?? []).array else {
            throw Self.failure("a list added_tokens", "another type", place)
        }
        try addTokens(added, at: place)
        guard !tokens.isEmpty else { throw Self.failure("at least one token", "none", place) }
    }

    /// A vocabulary that was trained: each added token has its place in `tokens`.
    init(tokens: [[UInt8]], addedTokens: [AddedToken]) {
        self.tokens = tokens
        modelCount = tokens.count
        ids = TokenTable(tokens)
        self.addedTokens = addedTokens
    }

    private static func tokens(
        _ members: [JSONValue.Member], at place: String
    ) throws -> [[UInt8]] {
        let greatest = members.lazy.compactMap(\.value.integer).max() ?? -1
        let limit = members.count + maximumHoles
        let count = greatest < limit ? max(members.count, greatest + 1) : limit
        var tokens: [[UInt8]] = Array(repeating: [], count: count)
        for member in members {
            var name: String { String(decoding: member.key, as: UTF8.self) }
            guard let id = member.value.integer, tokens.indices.contains(id) else {
                throw failure(
                    "an id in 0..<\(count) for token '\(name)'", member.value.summary, place)
            }
            guard tokens[id].isEmpty, !member.key.isEmpty else {
                throw failure(
                    "one nonempty token for each id", "id \(id) of '\(name)'", place)
            }
            tokens[id] = member.key
        }
        return tokens
    }

    /// Ids follow those of the model and of the tokens before, as the `tokenizers` library gives them.
    private mutating func addTokens(_ added: [JSONValue], at place: String) throws {
        var seen: Set<Int> = []
        var greatest = -1
        for value in added {
            let token = try Self.addedToken(value, at: place)
            let id = Int(token.id)
            let name = String(decoding: token.content, as: UTF8.self)
            let wanted = ids[token.content].map(Int.init) ?? max(greatest + 1, modelCount)
            guard id == wanted, seen.insert(id).inserted else {
                throw Self.failure("id \(wanted) once for '\(name)'", "\(id)", place)
            }
            greatest = max(greatest, id)
            while tokens.count <= id { tokens.append([]) }
            guard tokens[id].isEmpty || tokens[id] == token.content else {
                throw Self.failure("one token for id \(id)", "'\(name)' too", place)
            }
            tokens[id] = token.content
            ids.insert(token.content, token.id)
            addedTokens.append(token)
        }
    }

    private static func addedToken(_ value: JSONValue, at place: String) throws -> AddedToken {
        guard let id = value["id"]?.integer.flatMap(Int32.init(exactly:)),
            let content = value["content"]?.bytes, !content.isEmpty
        else {
            throw failure("an id and a content in each added token", "neither or one", place)
        }
        let isSpecial = value["special"]?.boolean ?? false
        return AddedToken(
            id: id, content: content, isSpecial: isSpecial,
            isNormalized: value["normalized"]?.boolean ?? !isSpecial,
            isSingleWord: value["single_word"]?.boolean ?? false,
            takesSpaceBefore: value["lstrip"]?.boolean ?? false,
            takesSpaceBehind: value["rstrip"]?.boolean ?? false)
    }

    static func failure(_ expected: String, _ got: String, _ place: String) -> Failure {
        Failure(
            "cannot read the tokenizer", expected: expected, got: got, at: place,
            remedy: "use a tokenizer.json that the tokenizers library reads")
    }
}
