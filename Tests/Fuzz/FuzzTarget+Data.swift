import Datasets
import Diagnostics
import Files
import JSON
import Tokenizers

/// Files that text and tokens come from.
extension FuzzTarget {
    static let shard = FuzzTarget(
        name: "shard", file: "train-00000.h5",
        prepare: { folder in
            let attributes = TokenShardAttributes(
                tokenizerName: "character", tokenizerSHA256: String(repeating: "a", count: 64),
                vocabularySize: 300, endOfTextID: 0,
                sourceSHA256: String(repeating: "b", count: 64))
            try TokenShardWriter.write(to: folder + "/train-00000.h5", attributes: attributes) {
                for document in 0..<40 {
                    try $0.append((0..<Int32(document * 31)).map { $0 % 300 })
                    try $0.endDocument()
                }
            }
            return []
        },
        read: { folder in
            let stream = try TokenStream(paths: [folder + "/train-00000.h5"])
            let shard = try TokenShard(path: stream.paths[0])
            try shard.verify()
            for document in 0..<shard.documentCount {
                _ = try shard.document(document, maximumCount: 100)
            }
            if stream.tokenCount > 0 { _ = try stream.place(ofToken: stream.tokenCount - 1) }
            _ = try stream.tokens(0..<min(100, stream.tokenCount))
        })

    static let tokenizer = FuzzTarget(
        name: "tokenizer", file: "tokenizer.json",
        prepare: { folder in
            try write(bytePairs().tokenizerJSON, folder, "tokenizer.json")
            return [try CharacterTokenizer(text: text).tokenizerJSON]
        },
        read: readTokenizer)

    static let encoder = FuzzTarget(
        name: "encoder", file: "encoder.json", prepare: prepareGPT2Files, read: readTokenizer)

    static let merges = FuzzTarget(
        name: "merges", file: "vocab.bpe", prepare: prepareGPT2Files, read: readTokenizer)

    static func write(_ bytes: [UInt8], _ folder: String, _ name: String) throws {
        try FileWriter.write(bytes, to: folder + "/" + name)
    }

    private static let text = "the cat sat on the mat; the rat sat on the cat. Ünïcode 🙂 <|x|>\n"

    private static func bytePairs() throws -> any Tokenizer {
        var counts = WordCounts()
        _ = try Array(text.utf8).withUnsafeBufferPointer { try counts.add($0) }
        return try BytePairTrainer(vocabularySize: 280).train(counts)
    }

    private static func readTokenizer(_ folder: String) throws {
        let tokenizer = try TokenizerFile.load(folder)
        // A character tokenizer may refuse the text; what it takes must come back.
        guard let ids = try? tokenizer.encode(text) else { return }
        _ = try tokenizer.decode(ids)
        _ = try tokenizer.tokenizerConfigJSON(maximumLength: 16)
    }

    private static func prepareGPT2Files(_ folder: String) throws -> [[UInt8]] {
        let json = try JSONValue(parsing: bytePairs().tokenizerJSON, at: "tokenizer.json")
        guard let model = json["model"], let vocabulary = model["vocab"] else { return [] }
        let merges = (model["merges"]?.array ?? []).map { merge in
            let parts = merge.array?.compactMap(\.string) ?? [merge.string ?? ""]
            return parts.joined(separator: " ")
        }
        try write(vocabulary.rendered(.compact), folder, "encoder.json")
        let lines = ["#version: 0.2"] + merges
        try write(Array((lines.joined(separator: "\n") + "\n").utf8), folder, "vocab.bpe")
        return []
    }
}
