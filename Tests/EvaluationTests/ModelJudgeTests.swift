import Evaluation
import Models
import Tensors
import Testing
import Tokenizers

/// What a language model says of two answers.
@Suite struct ModelJudgeTests {
    /// A model of random weights, for which no token is much likelier than another.
    private func judge(alphabet: String, contextLength: Int) throws -> ModelJudge {
        let letters = (UInt32(32)...126).compactMap(Unicode.Scalar.init).map { Character($0) }
        let tokenizer = try CharacterTokenizer(text: String(letters) + "\n" + alphabet)
        let model = LanguageModel(
            .gpt2(
                vocabularySize: tokenizer.vocabularySize, contextLength: contextLength,
                embeddingSize: 32, layerCount: 2, headCount: 2), device: Device(threadCount: 1))
        model.initialize(seed: 5)
        return ModelJudge(model, tokenizer, nil)
    }

    private func pair(_ first: String, _ second: String) -> Comparison {
        Comparison(
            prompt: [["role": "user", "content": "Name a colour."]],
            first: .init(model: "a", text: first), second: .init(model: "b", text: second),
            outcome: nil, place: "line 1")
    }

    @Test func bothOrdersCountAlike() throws {
        let judge = try judge(alphabet: "", contextLength: 400)
        let pairs = [pair("red", "It is blue."), pair("It is blue.", "red")]
        let found = try judge.judgements(of: pairs)
        let (forward, backward) = (try #require(found[0].shares), try #require(found[1].shares))
        #expect(abs(forward.shownFirst + backward.shownLast - 1) < 1e-12)
        #expect(abs(forward.shownLast + backward.shownFirst - 1) < 1e-12)
        let sum = try #require(found[0].outcome) + #require(found[1].outcome)
        #expect(abs(sum - 1) < 1e-12)
        #expect(forward.shownFirst > 0.2 && forward.shownFirst < 0.8)
        // What is said of a pair does not depend on those beside it.
        #expect(try judge.judgements(of: [pairs[1]]) == [found[1]])
    }

    /// Of 400 tokens that are equally likely, A and B have 1 in 200.
    @Test func aModelThatIgnoresTheFormatJudgesNothing() throws {
        let more = String(
            (0..<304).compactMap { Unicode.Scalar(0x4E00 + $0) }.map { Character($0) })
        let judge = try judge(alphabet: more, contextLength: 400)
        #expect(try judge.judgements(of: [pair("red", "blue")]) == [.none])
    }

    @Test func aPairThatDoesNotFitIsNotJudged() throws {
        let judge = try judge(alphabet: "", contextLength: 300)
        let long = pair("red", String(repeating: "b", count: 300))
        let found = try judge.judgements(of: [long, pair("red", "blue")])
        #expect(found[0].outcome == nil && found[1].outcome != nil)
    }
}
