import Datasets
import Foundation
import TemporaryFolders
import Testing
import Tokenizers

/// The index beside shards: what it spares, and what happens where it tells something else than they do.
@Suite struct ShardIndexTests {
    let scratch: Scratch

    /// Five shards, of 100 to 104 tokens.
    init() throws {
        scratch = try Scratch()
        var shards: [String: ShardFacts] = [:]
        for number in 0..<5 {
            let name = "train-0000\(number).h5"
            let path = try scratch.writeShard(
                name, documents: [Array(repeating: Int32(number), count: 100 + number)],
                vocabularySize: 257, tokenizer: ByteTokenizer().tokenizerSHA256)
            let stream = try TokenStream(paths: [path])
            shards[name] = stream.shardFacts[0]
        }
        try ShardIndex(shards, tokenizer: ByteTokenizer()).write(to: scratch.path)
    }

    private func stream() throws -> TokenStream {
        try TokenStream(resolving: scratch.path, split: .train)
    }

    private func replace(_ number: Int, tokens: Int32, count: Int) throws {
        let name = "train-0000\(number).h5"
        try FileManager.default.removeItem(atPath: scratch.path(name))
        try scratch.writeShard(
            name, documents: [Array(repeating: tokens, count: count)], vocabularySize: 257,
            tokenizer: ByteTokenizer().tokenizerSHA256)
    }

    @Test func theIndexTellsWhatTheShardsDo() throws {
        let indexed = try stream()
        try FileManager.default.removeItem(atPath: scratch.path("index.json"))
        let opened = try stream()
        #expect(indexed.shardFacts == opened.shardFacts)
        #expect(indexed.tokenCount == 510 && opened.tokenCount == 510)
        #expect(indexed.documentCount == 5)
        #expect(try indexed.tokens(0..<510) == opened.tokens(0..<510))
    }

    /// With the index the shards between the first and the last are not opened: a damaged one is
    /// noticed when it is read.
    @Test func shardsAreOpenedWhenTheyAreRead() throws {
        var bytes = try scratch.bytes("train-00002.h5")
        bytes.replaceSubrange(0..<8, with: repeatElement(0, count: 8))
        try scratch.put(bytes, at: "train-00002.h5")
        let stream = try stream()
        #expect(stream.tokenCount == 510)
        #expect(
            try stream.tokens(0..<201) == Array(repeating: 0, count: 100)
                + Array(repeating: 1, count: 101))
        #expect(failureLine { _ = try stream.tokens(200..<210) }.contains("the file is not HDF5"))
    }

    /// An index that is older than the first, the last or a longer shard is passed over.
    @Test(arguments: [0, 2, 4]) func anOldIndexIsPassedOverAtTheStart(number: Int) throws {
        try replace(number, tokens: 9, count: 9000)
        let stream = try stream()
        #expect(stream.tokenCount == 510 - 100 - number + 9000)
        #expect(stream.shardFacts[number].tokenCount == 9000)
        let place = 100 * number + number * (number - 1) / 2
        #expect(try stream.tokens(place..<place + 2) == [9, 9])
    }

    /// A shard of the same size in the midst of many is noticed when it is read, and refused.
    @Test func anOldIndexIsRefusedWhereAShardIsRead() throws {
        try replace(2, tokens: 9, count: 99)
        let stream = try stream()
        try #require(stream.tokenCount == 510)
        let line = failureLine { _ = try stream.tokens(0..<300) }
        #expect(
            line.hasPrefix("a token shard is another than at the start, or than its index tells"))
        #expect(
            line.contains("expected 102 tokens in 1 documents") && line.contains("got 99 tokens"))
        #expect(line.contains("train-00002.h5") && line.contains("index.json"))
    }

    @Test func moreShardsThanTheIndexKnowsAreAllOpened() throws {
        try scratch.writeShard(
            "train-00005.h5", documents: [[1, 2]], vocabularySize: 257,
            tokenizer: ByteTokenizer().tokenizerSHA256)
        #expect(try stream().tokenCount == 512)
    }

    @Test func aShardThatIsMissingIsNamed() throws {
        try FileManager.default.removeItem(atPath: scratch.path("train-00003.h5"))
        let line = failureLine { _ = try stream() }
        #expect(line.hasPrefix("a token shard is missing: expected all shards of index.json"))
        #expect(line.contains("train-00003.h5"))
        // Whoever names them knows which ones.
        let some = try TokenStream(resolving: scratch.path("train-0000[01].h5"), split: .train)
        #expect(some.tokenCount == 201)
    }

    @Test(arguments: [
        "", "{", "[]", #"{"format_version": 2}"#,
        #"{"format_version": 1, "tokenizer_sha256": "a", "vocabulary_size": 3}"#,
        #"{"format_version": 1, "tokenizer_sha256": "a", "vocabulary_size": 3, "shards": [{}]}"#,
        #"{"format_version": 1, "tokenizer_sha256": 1, "vocabulary_size": 3, "shards": []}"#,
    ])
    func aDamagedIndexIsRefused(text: String) throws {
        try scratch.write(text.utf8, to: "index.json")
        #expect(failureLine { _ = try stream() }.contains("index.json"))
    }
}
