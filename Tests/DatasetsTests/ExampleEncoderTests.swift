import Datasets
import Diagnostics
import Foundation
import JSON
import Testing
import Tokenizers

/// A tokenizer of ASCII characters, and a template of single ones: `Q` question `A` answer `.`
enum Letters {
    static let tokenizer = try? CharacterTokenizer(
        scalars: (32..<127).map { Unicode.Scalar(UInt8($0)) })

    static func encoder(
        _ sequenceLength: Int, _ lossOn: LossOn = .answers
    ) throws -> ExampleEncoder {
        var pieces = ChatPieces()
        pieces.userBegin = "Q"
        pieces.assistantBegin = "A"
        pieces.answerEnd = "."
        pieces.assistantEnd = "_"
        return ExampleEncoder(
            tokenizer: try #require(tokenizer),
            template: try ChatTemplate(name: "letters", pieces: pieces),
            sequenceLength: sequenceLength, lossOn: lossOn)
    }

    /// Questions and answers in turn.
    static func conversation(_ texts: String..., place: String = "f, line 1") -> Conversation {
        Conversation(
            messages: texts.enumerated().map { index, text in
                ChatMessage(index % 2 == 0 ? .user : .assistant, text)
            }, place: place)
    }

    /// Ids as text, with ~ for what does not count.
    static func text(_ ids: [Int32]) throws -> String {
        try #require(tokenizer).decode(ids.map { $0 < 0 ? 94 : $0 })
    }
}

@Suite struct ExampleEncoderTests {
    private func encode(
        _ conversations: Conversation..., length: Int = 100,
        lossOn: LossOn = .answers
    ) throws -> ExampleSet {
        try Letters.encoder(length, lossOn).encode(conversations)
    }

    private func texts(_ set: ExampleSet) throws -> [[String]] {
        try set.examples.map { [try Letters.text($0.inputs), try Letters.text($0.targets)] }
    }

    @Test func answersAndTheirEndsAreLearnt() throws {
        let set = try encode(Letters.conversation("ab", "cd"))
        #expect(try texts(set) == [["QabAcd", "~~~cd."]])
        #expect(set.endCount == 1)
        let turns = try encode(Letters.conversation("ab", "c", "d", "e"))
        #expect(try texts(turns) == [["QabAc._QdAe", "~~~c.~~~~e."]])
    }

    @Test func whatStandsBehindTheLastAnswerIsLeftOut() throws {
        let set = try encode(Letters.conversation("a", "b", "more"))
        #expect(try texts(set) == [["QaAb", "~~b."]])
    }

    @Test func allTokensAreLearntOnDemand() throws {
        let set = try encode(Letters.conversation("ab", "cd", "e"), lossOn: .all)
        #expect(try texts(set) == [["QabAcd._Q", "abAcd._Qe"]])
        #expect(set.endCount == 1)
    }

    @Test(arguments: [
        // All fits.
        ("abcdef", "gh", 10, "QabcdefAgh", "~~~~~~~gh.", 0, 0),
        // The question gives way.
        ("abcdef", "gh", 9, "abcdefAgh", "~~~~~~gh.", 1, 0),
        ("abcdef", "gh", 5, "efAgh", "~~gh.", 1, 0),
        ("abcdef", "gh", 4, "fAgh", "~gh.", 1, 0),
        // The answer needs more than half: half stays for the question.
        ("abcdef", "ghijkl", 7, "defAghi", "~~~ghij", 1, 1),
        ("a", "ghijkl", 6, "QaAghi", "~~ghij", 0, 1),
    ])
    func aConversationThatIsTooLongIsCut(
        question: String, answer: String, length: Int, inputs: String, targets: String,
        cutPrompts: Int, cutAnswers: Int
    ) throws {
        let set = try encode(
            Letters.conversation(question, answer), Letters.conversation("a", "b"), length: length)
        #expect(try texts(set)[0] == [inputs, targets])
        #expect(set.cutPromptCount == cutPrompts)
        #expect(set.cutAnswerCount == cutAnswers)
        #expect(set.warnings.count == cutPrompts + cutAnswers)
    }

    @Test func theTokenThatTextsBeginWithIsNotCut() throws {
        let path =
            URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().path + "/Fixtures/tokenizers/llama3-tokenizer.json"
        let tokenizer = try TokenizerFile.load(path)
        let encoder = ExampleEncoder(
            tokenizer: tokenizer, template: try ChatTemplate(.llama3, for: tokenizer),
            sequenceLength: 40)
        let question = String(repeating: "why ", count: 40)
        let set = try encoder.encode([Letters.conversation(question, "So.")])
        #expect(set.examples[0].inputs.count == 40)
        #expect(set.examples[0].inputs.first == tokenizer.beginningOfTextID)
        #expect(set.cutPromptCount == 1)
        #expect(try set.text(of: 0, by: tokenizer).hasSuffix("⟦So.<|eot_id|>⟧"))
    }

    @Test func nothingToLearnIsRefused() throws {
        let none = try #require(throws: Failure.self) { try encode(Letters.conversation("a")) }
        #expect(none.what == "there is nothing to learn: all labels are masked")
        let endless = try #require(throws: Failure.self) {
            try encode(Letters.conversation("a", "bcdefgh"), length: 4)
        }
        #expect(endless.what == "no answer keeps its end: the model would never learn to stop")
        let set = try encode(Letters.conversation("a"), Letters.conversation("a", "b"))
        #expect(set.unansweredCount == 1)
        #expect(set.warnings == ["1 conversation without an answer: left out"])
    }

    @Test func textOutsideTheVocabularyIsNamedWithItsPlace() throws {
        let failure = try #require(throws: Failure.self) {
            try encode(Letters.conversation("ü", "b", place: "f, line 12"))
        }
        #expect(failure.place?.hasSuffix("f, line 12") == true)
    }

    @Test func theReportTellsWhatIsLearnt() throws {
        let set = try encode(Letters.conversation("ab", "cd"), Letters.conversation("abcd", "ef"))
        #expect(
            set.description == "2 examples of 14 tokens, the longest of 8; 6 tokens (42.9 %) are "
                + "to be learnt, with the end of answers, \".\", 2 times")
        let tokenizer = try #require(Letters.tokenizer)
        #expect(try set.text(of: 0, by: tokenizer) == "QabA⟦cd.⟧")
        let turns = try encode(Letters.conversation("ab", "c", "d", "e"))
        #expect(try turns.text(of: 0, by: tokenizer) == "QabA⟦c.⟧_QdA⟦e.⟧")
    }

    @Test func packedExamplesFillTheSequences() throws {
        let set = try encode(
            Letters.conversation("ab", "cd", place: "1"),
            Letters.conversation("e", "f", place: "2"),
            Letters.conversation("ghi", "jkl", place: "3"),
            Letters.conversation("m", "n", place: "4"),
            length: 16)
        let packed = set.joined()
        #expect(
            try texts(packed) == [
                ["QabAcd.QeAf.QmAn", "~~~cd.~~~f.~~~n."], ["QghiAjkl", "~~~~jkl."],
            ])
        #expect(packed.places == ["1, and 2 more", "3"])
        #expect(packed.targetCount == set.targetCount)
        #expect(packed.examples.allSatisfy { $0.inputs.count <= 16 })
        let all = try encode(
            Letters.conversation("a", "b"), Letters.conversation("c", "d"), lossOn: .all)
        #expect(try texts(all.joined()) == [["QaAb._QcAd.", "aAb._~cAd._"]])
    }

    @Test func isolatedExamplesKeepTheirBounds() throws {
        let set = try encode(
            Letters.conversation("ab", "cd", place: "1"),
            Letters.conversation("e", "f", place: "2"),
            Letters.conversation("ghi", "jkl", place: "3"),
            Letters.conversation("m", "n", place: "4"),
            length: 14)
        let packed = set.packed()
        #expect(
            try texts(packed) == [
                ["QabAcdQeAfQmAn", "~~~cd.~~f.~~n."], ["QghiAjkl", "~~~~jkl."],
            ])
        #expect(packed.examples.map(\.lengths) == [[6, 4, 4], [8]])
        #expect(packed.places == ["1, and 2 more", "3"])
        #expect(packed.tokenCount == set.tokenCount && packed.targetCount == set.targetCount)
        let tokenizer = try #require(Letters.tokenizer)
        #expect(try packed.text(of: 0, by: tokenizer) == "QabA⟦cd.⟧QeA⟦f.⟧QmA⟦n.⟧")
        let batch = TokenBatch(packed.examples)
        #expect(batch.exampleLengths == [[6, 4, 4], [8]] && batch.lengths == [14, 8])
    }
}
