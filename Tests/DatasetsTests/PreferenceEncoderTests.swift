import Datasets
import Diagnostics
import JSON
import Testing
import Tokenizers

/// Preferences as tokens.
@Suite struct PreferenceEncoderTests {
    private func encoder(_ sequenceLength: Int = 100) throws -> PreferenceEncoder {
        let letters = try Letters.encoder(sequenceLength)
        return PreferenceEncoder(
            tokenizer: letters.tokenizer, template: letters.template,
            sequenceLength: sequenceLength)
    }

    private func preference(_ prompt: String, _ better: String?, _ worse: String?) -> Preference {
        func answer(_ text: String) -> [TemplateMessage] {
            [TemplateMessage(ChatMessage(.assistant, text))]
        }
        return Preference(
            prompt: [TemplateMessage(ChatMessage(.user, prompt), isLearnt: false)],
            better: better.map(answer), worse: worse.map(answer), place: "f, line 1",
            record: .null)
    }

    private func texts(_ examples: PreferenceExamples) throws -> [[String]] {
        try examples.examples.examples.map {
            [try Letters.text($0.inputs), try Letters.text($0.targets)]
        }
    }

    @Test func aPairIsOneSequenceOfTwoTexts() throws {
        var log = RecordLog()
        let examples = try encoder().pairs([preference("ab", "cd", "e")], &log)
        #expect(try texts(examples) == [["QabAcdQabAe", "~~~cd.~~~e."]])
        #expect(examples.examples.examples[0].lengths == [6, 5])
        #expect(examples.examples.sequenceLength == 200)
        #expect(examples.warning == nil)
    }

    @Test func eachLabelHasTheAnswerOfTheOneBeforeItInItsGroup() throws {
        var log = RecordLog()
        let preferences = [
            preference("a", "p", nil), preference("b", "q", "r"), preference("c", nil, "s"),
            preference("d", "t", nil),
        ]
        let examples = try encoder().labels(preferences, groupSize: 4, &log)
        #expect(
            try texts(examples).map { $0[0] } == [
                "QaApQaAs", "QbAqQbAp", "QbArQbAq", "QcAsQcAr", "QdAtQdAs",
            ])
        #expect(examples.examples.examples.map(\.numbers) == [[1], [1], [0], [0], [1]])
    }

    @Test func aLongAnswerLosesItsEndAndALongPromptIsRefused() throws {
        var log = RecordLog()
        let cut = try encoder(5).pairs([preference("ab", "cdefg", "x")], &log)
        #expect(try texts(cut) == [["QabAcQabAx", "~~~cd~~~x."]])
        #expect(cut.warning?.contains("are longer than 5 tokens: an answer loses its end") == true)
        let failure = #expect(throws: Failure.self) {
            _ = try encoder(3).pairs([preference("abcd", "e", "f")], &log)
        }
        #expect(
            failure?.line.hasPrefix("the prompt fills the sequence, so that nothing of the answer")
                == true)
        let same = #expect(throws: Failure.self) {
            _ = try encoder(4).pairs([preference("ab", "cde", "cdf")], &log)
        }
        #expect(same?.line.hasPrefix("the two answers are the same tokens") == true)
    }
}
