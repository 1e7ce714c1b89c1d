import Diagnostics
import Files
import JSON

/// Reads byte-level tokenizers that are published as two files: the ids of the tokens (encoder.json or
/// vocab.json) and the merges (vocab.bpe or merges.txt).
struct GPT2Files {
    /// The names that the two files have.
    static let names = [("encoder.json", "vocab.bpe"), ("vocab.json", "merges.txt")]

    let vocabularyName: String
    let mergesName: String
    /// The folder, which may hold tokenizer_config.json and added_tokens.json too.
    let folder: String

    /// The files of a folder; nil where there are none.
    init?(in folder: String) throws {
        self.folder = folder
        func isThere(_ name: String) throws -> Bool {
            try DirectoryEntries.isThere(folder + "/" + name, followsLinks: true)
        }
        let found = try Self.names.first { try isThere($0.0) && isThere($0.1) }
        guard let found else { return nil }
        (vocabularyName, mergesName) = found
    }

    func tokenizer(
        read: (String) throws -> [UInt8], ends: EndOfText.Declared
    ) throws -> any Tokenizer {
        let path = folder + "/" + vocabularyName
        let vocabulary = try JSONValue(parsing: try read(path), at: path, names: .bytes)
        guard let members = vocabulary.members else {
            throw Vocabulary.failure("the ids of tokens", vocabulary.summary, path)
        }
        let merges = try Self.pairs(
            try read(folder + "/" + mergesName), at: folder + "/" + mergesName)
        let configuration = try document("tokenizer_config.json", read)
        let style = try style(configuration)
        let added = try self.added(configuration, read, known: members)
        let parts = TokenizerParts(
            addedTokens: try Vocabulary(
                model: .members(members), added: .array(added), at: path
            ).addedTokens, normalizer: style.normalizer, preTokenizer: style.pieces,
            decoder: TokenizerParts.byteLevel(usesPattern: true, addsSpace: true),
            model: TokenizerDocument.model(
                vocabulary: .members(members),
                merges: merges.map { .array([.bytes($0.left), .bytes($0.right)]) }))
        return try TokenizerFile.tokenizer(parts.root, at: folder, ends: ends)
    }

    private func document(
        _ name: String, _ read: (String) throws -> [UInt8]
    ) throws -> JSONValue? {
        let path = folder + "/" + name
        guard try DirectoryEntries.isThere(path, followsLinks: true) else { return nil }
        return try JSONValue(parsing: try read(path), at: path, names: .bytes)
    }

    /// The parts that the class of the tokenizer has in code; those of GPT-2 where no class is named.
    private func style(
        _ configuration: JSONValue?
    ) throws -> (normalizer: JSONValue, pieces: JSONValue) {
        switch configuration?["tokenizer_class"]?.string {
        case nil, "GPT2Tokenizer", "GPT2TokenizerFast":
            let addsSpace = configuration?["add_prefix_space"]?.boolean ?? false
            return (.null, TokenizerParts.byteLevel(usesPattern: true, addsSpace: addsSpace))
        case "Qwen2Tokenizer", "Qwen2TokenizerFast":
            return (["type": "NFC"], TokenizerParts.split(KnownPatterns.qwen2))
        case let name?:
            throw Vocabulary.failure(
                "a tokenizer_class GPT2Tokenizer or Qwen2Tokenizer beside \(vocabularyName)",
                name, folder + "/tokenizer_config.json")
        }
    }

    /// The end of text, and the tokens of added_tokens_decoder in tokenizer_config.json or else of
    /// added_tokens.json, in the order of their ids.
    private func added(
        _ configuration: JSONValue?, _ read: (String) throws -> [UInt8],
        known: [JSONValue.Member]
    ) throws -> [JSONValue] {
        var tokens: [(id: Int, value: JSONValue)] = []
        if let decoder = configuration?["added_tokens_decoder"]?.members {
            for member in decoder {
                guard let id = Int(String(decoding: member.key, as: UTF8.self)),
                    let values = member.value.members
                else { continue }
                let fields = values.filter { !$0.key.elementsEqual("id".utf8) }
                let number = JSONValue.Member(key: Array("id".utf8), value: .integer(id))
                tokens.append((id, .members([number] + fields)))
            }
        } else if let names = try document("added_tokens.json", read)?.members {
            for member in names {
                guard let id = member.value.integer else { continue }
                tokens.append((id, ["id": .integer(id), "content": .bytes(member.key)]))
            }
        }
        let end = Array(BytePairTokenizer.endOfText.utf8)
        let isNamed = tokens.contains { $0.value["content"]?.bytes == end }
        if !isNamed, let id = known.first(where: { $0.key == end })?.value.integer {
            tokens.append(
                (
                    id,
                    [
                        "id": .integer(id), "content": .bytes(end), "special": true,
                        "normalized": false,
                    ]
                ))
        }
        return tokens.sorted { $0.id < $1.id }.map(\.value)
    }

    /// Reads one merge a line, after a first line `#version: 0.2`.
    private static func pairs(
        _ bytes: [UInt8], at place: String
    ) throws -> [(left: [UInt8], right: [UInt8])] {
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        var pairs: [(left: [UInt8], right: [UInt8])] = []
        for (index, line) in lines.enumerated() {
            let line = line.last == 0x0D ? line.dropLast() : line
            if line.isEmpty || index == 0 && line.starts(with: "#version".utf8) { continue }
            let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw Vocabulary.failure(
                    "two tokens in line \(index + 1)", "\(parts.count)", place)
            }
            pairs.append((Array(parts[0]), Array(parts[1])))
        }
        return pairs
    }
}
