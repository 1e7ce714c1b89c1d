import Diagnostics
import JSON

/// The model of byte-pair encoding of a tokenizer.json.
struct BytePairModel: Sendable {
    /// Pairs of tokens as they are spelled in the file, first merge first.
    var merges: [(left: [UInt8], right: [UInt8])]
    /// The spelling of the token for what has none.
    var unknownToken: [UInt8]?
    var fusesUnknown = false
    /// Whether a character without a token is written as the tokens of its bytes.
    var fallsBackToBytes = false
    /// Whether a piece that is a token is that token, whatever the merges are.
    var takesWholePieces = false

    init(_ reader: PartReader, ids: TokenTable) throws {
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            let value = reader.part[key] ?? .null
            guard value.isNull || value == "" else { throw reader.refusal("\(key) null") }
        }
        let dropout = reader.part["dropout"] ?? .null
        guard dropout.isNull || dropout.double == 0 else {
            throw reader.refusal("dropout 0: the ids of a text may not be drawn by lot")
        }
        merges = try Self.merges(reader)
        unknownToken = reader.part["unk_token"]?.bytes
        if let unknownToken, ids[unknownToken] == nil {
            throw reader.refusal(
                "a token '\(String(decoding: unknownToken, as: UTF8.self))', the unk_token")
        }
        fusesUnknown = try reader.flag("fuse_unk", default: false)
        fallsBackToBytes = try reader.flag("byte_fallback", default: false)
        takesWholePieces = try reader.flag("ignore_merges", default: false)
    }

    /// The merges by ids: both sides of each, and what they make, have to be tokens.
    func merges(ids: TokenTable, at place: String) throws -> [Merge] {
        try merges.enumerated().map { index, merge in
            guard let left = ids[merge.left], let right = ids[merge.right],
                let result = ids.joined(merge.left, merge.right)
            else {
                let text = String(decoding: merge.left + [0x20] + merge.right, as: UTF8.self)
                throw Vocabulary.failure(
                    "merge \(index) between tokens, making a token", "'\(text)'", place)
            }
            return Merge(pair: Merge.pair(left, right), result: result)
        }
    }

    /// Whether a merge joins a character to a space behind it, so that words depend on each other.
    var joinsWords: Bool {
        let space = SpaceMark.bytes
        return merges.contains { merge in
            let token = merge.left + merge.right
            // The first space behind another character, if there is one.
            var rest = token[...]
            while rest.starts(with: space) { rest = rest.dropFirst(space.count) }
            return rest.indices.contains { rest[$0...].starts(with: space) }
        }
    }

    /// Merges are pairs `["a", "b"]` or, in older files, strings `"a b"`.
    private static func merges(
        _ reader: PartReader
    ) throws -> [(left: [UInt8], right: [UInt8])] {
        guard let values = reader.part["merges"]?.array else {
            throw Vocabulary.failure("a list model.merges", "none", reader.place)
        }
        return try values.enumerated().map { index, value in
            var parts: [[UInt8]] = []
            if let pair = value.array {
                parts = pair.compactMap(\.bytes)
                if pair.count != parts.count { parts = [] }
            } else if let text = value.bytes {
                parts = text.split(separator: 0x20, omittingEmptySubsequences: false).map(
                    Array.init)
            }
            guard parts.count == 2 else {
                throw Vocabulary.failure(
                    "two tokens in merge \(index)", value.summary, reader.place)
            }
            return (parts[0], parts[1])
        }
    }
}
