import Diagnostics
import JSON
import Testing
import Tokenizers

/// Tokens that are added to a tokenizer that is there.
@Suite struct TokenAdditionTests {
    private func trained() throws -> any Tokenizer {
        var words = WordCounts()
        try words.add("the king shall not be the king of the night, shall he not be king?")
        return try BytePairTrainer(vocabularySize: 280).train(words)
    }

    @Test func idsFollowThoseThatAreThere() throws {
        let old = try trained()
        let count = Int32(old.vocabularySize)
        let new = try TokenizerFile.adding(
            [.init("<|tool|>", isSpecial: true), .init("zebra"), .init("<|tool|>")], to: old)
        #expect(new.vocabularySize == old.vocabularySize + 2)
        let ids = try new.encode("the king<|tool|> zebra, king")
        #expect(
            ids == (try old.encode("the king")) + [count] + (try old.encode(" ")) + [count + 1]
                + (try old.encode(", king")))
        #expect(try new.decode(ids) == "the king<|tool|> zebra, king")
        #expect(new.endOfText == old.endOfText)
        // What it was stays what it was.
        #expect(try new.encode("shall not be") == old.encode("shall not be"))
    }

    @Test func theFileHoldsThem() throws {
        let new = try TokenizerFile.adding(
            [.init("<|tool|>", isSpecial: true), .init("zebra")], to: try trained())
        let read = try TokenizerFile.parse(new.tokenizerJSON, at: "memory")
        #expect(try read.encode("a zebra<|tool|>") == new.encode("a zebra<|tool|>"))
        let json = try JSONValue(parsing: new.tokenizerJSON, at: "memory")
        let added = json["added_tokens"]?.array ?? []
        #expect(added.map { $0["content"]?.string } == ["<|endoftext|>", "<|tool|>", "zebra"])
        #expect(added.map { $0["special"]?.boolean } == [true, true, false])
        #expect(added.map { $0["normalized"]?.boolean } == [false, false, false])
    }

    /// A token of the model is found before its merges are; one that was added stays as it is.
    @Test func aTokenThatIsThereKeepsItsID() throws {
        var words = WordCounts()
        try words.add("king(king(king(king(")
        let old = try BytePairTrainer(vocabularySize: 260).train(words)
        let id = try #require(try old.encode("king").first)
        #expect(id == 259)
        let new = try TokenizerFile.adding([.init("king"), .init("<|endoftext|>")], to: old)
        #expect(new.vocabularySize == old.vocabularySize)
        #expect(try new.encode("king") == [id])
        let same = try TokenizerFile.adding([.init("<|endoftext|>")], to: old)
        #expect(same.tokenizerJSON == old.tokenizerJSON)
    }

    @Test func whatCannotBeAddedIsRefused() throws {
        #expect(throws: Failure.self) {
            try TokenizerFile.adding([.init("")], to: try trained())
        }
        #expect(throws: Failure.self) {
            try TokenizerFile.adding([.init("ab")], to: CharacterTokenizer(text: "abc"))
        }
    }
}
