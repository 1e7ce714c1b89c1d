import Diagnostics
import Foundation
import JSON
import Testing
import Tokenizers

@Suite struct UnigramTrainerTests {
    /// Sentences in an order that looks like chance, with a character that occurs once.
    private static let text: String = {
        let words = [
            "the", "king", "shall", "not", "walking", "talking", "talked", "walked", "king's",
            "queen", "Napoleon", "élan", "night", "nightly", "lights", "\nThe",
        ]
        var (text, state) = ("", UInt32(7))
        for _ in 0..<4_000 {
            state = state &* 1_664_525 &+ 1_013_904_223
            text += words[Int(state >> 16) % words.count] + (state >> 28 == 0 ? ", " : " ")
        }
        return text + "\u{4E00}"
    }()

    private func counts(_ text: String) throws -> WordCounts {
        var words = WordCounts.ofUnigram
        try words.add(text)
        return words
    }

    private func tokenizer(_ size: Int = 320, threads: Int = 1) throws -> any Tokenizer {
        try UnigramTrainer(vocabularySize: size).train(try counts(Self.text), threads: threads)
    }

    @Test func everyTextComesBack() throws {
        let tokenizer = try tokenizer()
        #expect(tokenizer.kind == .unigram && tokenizer.vocabularySize == 320)
        #expect(tokenizer.endOfTextID == 0)
        for text in [
            "the king shall talk", " two  spaces ", "a line\n\n of\tthe Queen\r\n", "\u{4E00}é🦓",
            "<0x41><unk>", "", " ", "walking<0xE4>",
        ] {
            #expect(
                try tokenizer.decode(tokenizer.encode(text)) == text, "\(text.debugDescription)")
        }
        let ids = try tokenizer.encode("the<|endoftext|>king")
        #expect(ids.filter { $0 == 0 }.count == 1)
        #expect(try tokenizer.encode("<unk><0x41>").allSatisfy { $0 > 257 })
    }

    @Test func frequentWordsAreOnePiece() throws {
        let tokenizer = try tokenizer(400)
        for word in [" the", " king", " Napoleon", " night"] {
            #expect(try tokenizer.encode(word).count == 1, "\(word)")
        }
        // The rarest character is written in bytes.
        #expect(try tokenizer.encode("\u{4E00}") == [0xE4, 0xB8, 0x80].map { $0 + 2 })
        let count = try tokenizer.encode(Self.text).count
        #expect(count < 4_600, "\(count) tokens for 4,000 words")
    }

    @Test func threadsAndPartsChangeNoByte() throws {
        let whole = try tokenizer().tokenizerJSON
        #expect(try tokenizer(threads: 3).tokenizerJSON == whole)
        let text = Array(Self.text.utf8)
        var parts: [WordCounts] = []
        try text.withUnsafeBufferPointer { text in
            var start = 0
            while start < text.count {
                let end =
                    WordBoundary.next(
                        in: text, from: min(start + 5_000, text.count), joinsLines: true)
                    ?? text.count
                var words = WordCounts.ofUnigram
                try words.add(UnsafeBufferPointer(rebasing: text[start..<end]))
                parts.append(words)
                start = end
            }
        }
        #expect(parts.count > 4)
        var merged = WordCounts.ofUnigram
        for part in parts.reversed() { merged.merge(try WordCounts(serialized: part.serialized)) }
        #expect(try UnigramTrainer(vocabularySize: 320).train(merged).tokenizerJSON == whole)
    }

    /// The scores are logarithms of probabilities, in descending order.
    @Test func scoresAreProbabilities() throws {
        let json = try JSONValue(parsing: try tokenizer().tokenizerJSON, at: "memory")
        let entries = try #require(json["model"]?["vocab"]?.array).dropFirst(258)
        let scores = entries.compactMap { $0.array?[1].double }
        #expect(scores.count == 62)
        #expect(scores == scores.sorted(by: >))
        let sum = scores.reduce(0) { $0 + exp($1) }
        #expect(sum > 0.9 && sum < 1.001, "\(sum)")
    }

    @Test func aSmallTextEndsWithFewerPieces() throws {
        let words = try counts("abc abc abd")
        let tokenizer = try UnigramTrainer(vocabularySize: 1_000).train(words)
        #expect(tokenizer.vocabularySize < 320)
        #expect(try tokenizer.decode(tokenizer.encode("abd abc")) == "abd abc")
    }

    @Test func aVocabularyWithoutRoomForCharactersIsRefused() throws {
        #expect(throws: Failure.self) { try UnigramTrainer(vocabularySize: 258) }
        let failure = try #require(throws: Failure.self) { try tokenizer(260) }
        #expect(failure.expected?.description.contains("characters") == true, "\(failure)")
    }
}
