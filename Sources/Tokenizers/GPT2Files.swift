import Diagnostics
import JSON

/// Reads the two files in which GPT-2's tokenizer was published: encoder.json (token to id) and
/// vocab.bpe (merges).
enum GPT2Files {
    static func tokenizer(
        encoderJSON: [UInt8], merges: [UInt8], at place: String
    ) throws -> BytePairTokenizer {
        let encoder = try JSONValue(
            parsing: encoderJSON, at: place + "/encoder.json", names: .bytes)
        let added = encoder[BytePairTokenizer.endOfText].map { id -> JSONValue in
            [
                "id": id, "content": .string(BytePairTokenizer.endOfText),
                "special": true, "normalized": false,
            ]
        }
        let vocabulary = try Vocabulary(
            model: encoder, added: .array(added.map { [$0] } ?? []), at: place + "/encoder.json")
        return try BytePairTokenizer(
            vocabulary, spelledMerges: try pairs(merges, at: place + "/vocab.bpe"), at: place)
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
