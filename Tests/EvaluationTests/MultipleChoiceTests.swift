import Collectives
import Datasets
import Diagnostics
import Evaluation
import ReferenceModels
import Tensors
import Testing
import Tokenizers

@Suite struct MultipleChoiceTests {
    let device = Device(threadCount: 1)

    private func question(
        _ prompt: String, _ choices: [String], answer: Int = 0
    ) throws -> ChoiceQuestion {
        try ChoiceQuestion(prompt: prompt, choices: choices, answer: answer, place: "a, line 1")
    }

    private func results(
        _ question: ChoiceQuestion, shots: Int = 0
    ) throws -> [ChoiceResult] {
        // 15 positions; a vocabulary of 11.
        let model = try ReferenceModel.gpt2[2].model(device: device)
        let choice = MultipleChoice(
            model: model, tokenizer: try CharacterTokenizer(text: " abcdefghi"))
        let other = try self.question("ab", ["c", "d"], answer: 1)
        return try choice.results(
            of: ChoiceTask(name: "task", questions: [question, other]), shots: shots, limit: 1,
            over: SingleProcess())
    }

    @Test func scoresAreOfTheChoiceWithTheSpaceBeforeIt() throws {
        let result = try results(question("cab", ["b", "a d"]))[0]
        let model = try ReferenceModel.gpt2[2].model(device: device)
        // " abcdefghi" is 0 to 9.
        let expected = ContinuationScorer(model).logLikelihoods(
            of: [[0, 2], [0, 1, 0, 4]], after: [3, 1, 2])
        #expect(result.logLikelihoods == expected)
        #expect(!result.isCut)
    }

    @Test func contextLosesItsBeginningWhereItIsTooLong() throws {
        let long = try results(question("hhhhhhhabcdefghiab", ["b", "a d"]))[0]
        let short = try results(question("bcdefghiab", ["b", "a d"]))[0]
        let fitting = try results(question("abcdefghiab", ["b", "a d"]))[0]
        #expect(long.isCut && !fitting.isCut && !short.isCut)
        // 15 positions and the last token, which is not seen: 12 for the context.
        let twelve = try results(question("iabcdefghiab", ["b", "a d"]))[0]
        #expect(!twelve.isCut)
        let thirteen = try results(question("hiabcdefghiab", ["b", "a d"]))[0]
        #expect(thirteen.isCut && thirteen.logLikelihoods == twelve.logLikelihoods)
    }

    @Test func choiceLongerThanTheContextIsNamed() throws {
        let line = #expect(throws: AgreedFailure.self) {
            try results(question("a", ["b", "abcdefghiabcdef"]))
        }?.description
        #expect(
            line == "a choice is longer than the model's context: expected at most 15 tokens, "
                + "got 16 (a, line 1)")
    }

    @Test func unknownCharacterIsNamedWithItsPlace() throws {
        let line = #expect(throws: AgreedFailure.self) { try results(question("x", ["a", "b"])) }
        #expect(line?.description.contains("a, line 1") == true)
    }

    @Test func answersAreTheFirstOfTheLikeliest() throws {
        let result = ChoiceResult(
            question: try question("q", ["aaaa", "b", "öö"], answer: 2),
            logLikelihoods: [-4, -2, -3.5], isCut: false)
        // Per byte -1, -2 and -0.875.
        #expect(result.answer == 1 && result.normalizedAnswer == 2)
        let equal = ChoiceResult(
            question: result.question, logLikelihoods: [-3, -2, -2], isCut: false)
        #expect(equal.answer == 1)
    }

    /// 3 of 5: sqrt(0.6 * 0.4 / 4) = 0.2449...
    @Test func standardErrorIsOfAMeanOfZerosAndOnes() throws {
        let question = try question("q", ["a", "b"], answer: 1)
        let results = [0.0, 0, 0, -9, -9].map {
            ChoiceResult(question: question, logLikelihoods: [-1, $0], isCut: $0 < -5)
        }
        let scores = ChoiceScores(results)
        #expect(scores.accuracy == 0.6 && scores.cutCount == 2)
        #expect(abs(try #require(scores.accuracyError) - 0.244948974278) < 1e-12)
        #expect(ChoiceScores(results.prefix(1)).accuracyError == nil)
    }
}
