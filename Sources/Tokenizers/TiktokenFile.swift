import Crypto
import Diagnostics
import Foundation
import JSON

/// Reads .tiktoken files: one token a line in base64, then its rank, which is its id. The pattern and
/// the special tokens stand in the code that comes with a file.
package struct TiktokenFile {
    /// What stands in code.
    package struct Encoding: Sendable {
        /// The pattern in the syntax of tiktoken.
        package var pattern: String
        /// The special tokens with their ids.
        package var specialTokens: [(name: String, id: Int)]

        package init(pattern: String, specialTokens: [(name: String, id: Int)]) {
            self.pattern = pattern
            self.specialTokens = specialTokens
        }
    }

    private let bytes: [UInt8]
    private let place: String

    /// nil for bytes that are no such file.
    init?(_ bytes: [UInt8], at place: String) {
        self.bytes = bytes
        self.place = place
        guard let line = bytes.prefix(1_024).split(separator: 0x0A).first,
            let pair = Self.pair(line), pair.token.count <= 256
        else { return nil }
    }

    /// - Parameter encoding: what the code with the file says; nil where the file is one of the
    ///   published ones, which are known by their hashes.
    func tokenizer(_ encoding: Encoding? = nil) throws -> any Tokenizer {
        guard let encoding = encoding ?? Self.published[hash] else {
            throw Failure(
                "cannot read the tokenizer",
                expected: "cl100k_base, o200k_base, r50k_base, p50k_base or Llama 3's",
                got: "a tiktoken file", at: place,
                remedy:
                    "name the tokenizer.json of the same model: the pattern and the special tokens "
                    + "are not in this file")
        }
        return try TokenizerFile.tokenizer(try parts(encoding).root, at: place)
    }

    private var hash: String {
        SHA256.hash(data: bytes).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    private static func pair(_ line: ArraySlice<UInt8>) -> (token: [UInt8], rank: Int)? {
        let parts = (line.last == 0x0D ? line.dropLast() : line).split(separator: 0x20)
        guard parts.count == 2, let rank = Int(String(decoding: parts[1], as: UTF8.self)),
            let token = Data(base64Encoded: String(decoding: parts[0], as: UTF8.self)),
            !token.isEmpty, rank >= 0
        else { return nil }
        return ([UInt8](token), rank)
    }

    private func tokens() throws -> [(token: [UInt8], rank: Int)] {
        var tokens: [(token: [UInt8], rank: Int)] = []
        for (index, line) in bytes.split(separator: 0x0A).enumerated() {
            guard let pair = Self.pair(line) else {
                throw Vocabulary.failure(
                    "a token in base64 and its rank in line \(index + 1)",
                    "'\(String(decoding: line.prefix(40), as: UTF8.self))'", place)
            }
            tokens.append(pair)
        }
        return tokens.sorted { $0.rank < $1.rank }
    }

    private func parts(_ encoding: Encoding) throws -> TokenizerParts {
        guard let pattern = KnownPatterns.ruby(fromRust: encoding.pattern) else {
            throw Vocabulary.failure(
                "a pattern that means the same in tokenizer.json", "'\(encoding.pattern)'", place)
        }
        let tokens = try tokens()
        var names: [Int: [UInt8]] = [:]
        for (token, rank) in tokens { names[rank] = ByteAlphabet.spelling(of: token) }
        for (name, id) in encoding.specialTokens { names[id] = Array(name.utf8) }
        let count = (names.keys.max() ?? -1) + 1
        guard names.count == tokens.count + encoding.specialTokens.count,
            count <= names.count + 1 << 16
        else {
            throw Vocabulary.failure(
                "an id for each token", "an id of two, or far apart ids", place)
        }
        // Ids without a token get one that no text has, for the readers of tokenizer.json count them.
        let members = (0..<count).map { id in
            JSONValue.Member(
                key: names[id] ?? Array("<|unused \(id)|>".utf8), value: .integer(id))
        }
        return TokenizerParts(
            addedTokens: encoding.specialTokens.sorted { $0.id < $1.id }.map {
                .init(
                    id: Int32($0.id), content: Array($0.name.utf8), isSpecial: true,
                    isNormalized: false)
            },
            preTokenizer: pattern == KnownPatterns.gpt2
                ? TokenizerParts.byteLevel(usesPattern: true) : TokenizerParts.split(pattern),
            decoder: TokenizerParts.byteLevel(usesPattern: true, addsSpace: true),
            model: model(.members(members), Self.merges(tokens)))
    }

    private func model(
        _ vocabulary: JSONValue, _ merges: [(left: [UInt8], right: [UInt8])]
    ) -> JSONValue {
        let pairs = merges.map { merge -> JSONValue in
            .array([
                .bytes(ByteAlphabet.spelling(of: merge.left)),
                .bytes(ByteAlphabet.spelling(of: merge.right)),
            ])
        }
        guard var members = TokenizerDocument.model(vocabulary: vocabulary, merges: pairs).members
        else { return .null }
        // A piece that is a token is that token, whatever the merges are.
        for index in members.indices where members[index].key.elementsEqual("ignore_merges".utf8) {
            members[index].value = true
        }
        return .members(members)
    }

    /// All pairs of tokens that make a token, in the order of what they make; of one token, those with
    /// the lower ranks first.
    private static func merges(
        _ tokens: [(token: [UInt8], rank: Int)]
    ) -> [(left: [UInt8], right: [UInt8])] {
        var ranks = TokenTable(capacity: tokens.count)
        for (token, rank) in tokens.reversed() { ranks.insert(token, Int32(rank)) }
        return tokens.flatMap { token, _ in
            ranks.pairs(making: token) { _ in true }.map { pair in
                (Array(token[..<pair.cut]), Array(token[pair.cut...]))
            }
        }
    }
}
