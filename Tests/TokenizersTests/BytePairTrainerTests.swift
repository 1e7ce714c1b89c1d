import Diagnostics
import Testing
import Tokenizers

struct BytePairTrainerTests {
    private struct Reference: Decodable {
        var corpus: String
    }

    private let corpus: String

    init() throws {
        corpus = try Fixture.decode(Reference.self, from: "bpe.json").corpus
    }

    @Test func savedFileEqualsThatOfTheTokenizersLibrary() throws {
        var words = WordCounts()
        try words.add(corpus)
        let tokenizer = try BytePairTrainer(vocabularySize: 400).train(words)
        let expected = try Fixture.bytes("bpe-tokenizer.json")
        #expect(tokenizer.tokenizerJSON == expected)
    }

    @Test(arguments: [
        TokenizerPattern.cl100k, .o200k, .llama3, .qwen2, .tekken,
    ])
    func filesOfPatternsEqualThoseOfTheTokenizersLibrary(_ pattern: TokenizerPattern) throws {
        struct Patterns: Decodable {
            var text: String
            var hashes: [String: String]
        }
        let patterns = try Fixture.decode(Patterns.self, from: "patterns.json")
        let text = Array((corpus + patterns.text).utf8)
        // In parts, as several ranks count them.
        var words = WordCounts(pattern)
        var start = 0
        try text.withUnsafeBufferPointer { text in
            while start < text.count {
                let end =
                    WordBoundary.next(
                        in: text, from: min(start + 700, text.count),
                        joinsLines: pattern.joinsLines) ?? text.count
                try words.add(UnsafeBufferPointer(rebasing: text[start..<end]))
                start = end
            }
        }
        let tokenizer = try BytePairTrainer(vocabularySize: 500).train(words, pattern: pattern)
        #expect(Fixture.hash(tokenizer.tokenizerJSON) == patterns.hashes[pattern.rawValue])
    }

    @Test(arguments: [1, 2, 3, 8, 40])
    func countsOfPartsMergeToThoseOfTheWhole(partCount: Int) throws {
        var whole = WordCounts()
        try whole.add(corpus)
        var merged = WordCounts()
        for part in parts(of: corpus, count: partCount).reversed() {
            var words = WordCounts()
            try words.add(part)
            merged.merge(try WordCounts(serialized: words.serialized))
        }
        #expect(merged.count == whole.count)
        #expect(merged.serialized == whole.serialized)
    }

    @Test func trainingEndsWhereNoPairIsLeft() throws {
        var words = WordCounts()
        try words.add("abc")
        let tokenizer = try BytePairTrainer(vocabularySize: 1_000).train(words)
        #expect(tokenizer.vocabularySize == 259)
        #expect(try tokenizer.encode("abc") == [258])
    }

    @Test func emptyTextTrainsTheBytesAlone() throws {
        let tokenizer = try BytePairTrainer(vocabularySize: 300).train(WordCounts())
        #expect(tokenizer.vocabularySize == 257)
        #expect(try tokenizer.decode(tokenizer.encode("é<|endoftext|>")) == "é<|endoftext|>")
    }

    @Test func vocabularyBelowTheBytesIsRefused() throws {
        let failure = try #require(throws: Failure.self) {
            try BytePairTrainer(vocabularySize: 256)
        }
        #expect(failure.exitCode == 64)
    }

    @Test func tornCountsAreRefused() throws {
        var words = WordCounts()
        try words.add("some words")
        let bytes = words.serialized
        #expect(bytes.count == 2 * 12 + 10)
        for count in [1, 12, 15, bytes.count - 1] {
            #expect(throws: Failure.self) {
                try WordCounts(serialized: Array(bytes.prefix(count)))
            }
        }
    }

    @Test func cutTextHasTheSameIDs() throws {
        let tokenizer = try TokenizerFile.load(Fixture.path("bpe-tokenizer.json"))
        let whole = try tokenizer.encode(corpus)
        for count in [2, 5, 40] {
            #expect(try parts(of: corpus, count: count).flatMap(tokenizer.encode) == whole)
        }
    }

    private func parts(of text: String, count: Int) -> [String] {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBufferPointer { buffer in
            var parts: [String] = []
            var start = 0
            for part in 1...count {
                let end =
                    part == count
                    ? buffer.count
                    : max(
                        start,
                        WordBoundary.next(in: buffer, from: buffer.count * part / count)
                            ?? buffer.count)
                parts.append(String(decoding: buffer[start..<end], as: UTF8.self))
                start = end
            }
            return parts
        }
    }
}
