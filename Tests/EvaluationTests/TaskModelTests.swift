import Collectives
import Datasets
import Diagnostics
import Evaluation
import Foundation
import JSON
import ReferenceModels
import Tensors
import Testing
import Tokenizers

/// What a model answers to tasks.
@Suite struct TaskModelTests {
    private func task(
        _ keys: [String: JSONValue], _ documents: [[String: JSONValue]]
    ) throws -> EvaluationTask {
        let definition = try TaskDefinition(
            .object(keys.merging(["task": "t"]) { $1 }), at: "t.yaml")
        return EvaluationTask(
            definition,
            documents: documents.enumerated().map { TaskDocument($1, at: "line \($0 + 1)") })
    }

    private let words: [String: JSONValue] = [
        "output_type": "multiple_choice", "doc_to_text": "q", "doc_to_choice": "c",
        "doc_to_target": "a",
    ]

    /// A model of 15 positions and a vocabulary of 11; " abcdefghi" is 0 to 9.
    private func results(
        _ documents: [[String: JSONValue]], _ keys: [String: JSONValue]
    ) throws -> [TaskAnswer] {
        let model = try ReferenceModel.gpt2[2].model(device: Device(threadCount: 2))
        let tokenizer = try CharacterTokenizer(text: " abcdefghi")
        return try TaskEvaluation(TaskModel(model, tokenizer)).results(
            of: task(keys, documents), over: SingleProcess()
        ).answers
    }

    /// The same float32 sums in another order.
    static let tolerance = 1e-4

    @Test func likelihoodsAreThoseOfWholeTexts() throws {
        let answer = try results([["q": "cab", "c": ["b", "a d"], "a": 0]], words)[0]
        let device = Device(threadCount: 2)
        let model = try ReferenceModel.gpt2[2].model(device: device)
        let context: [Int32] = [3, 1, 2]
        for (choice, found) in zip([[0, 2], [0, 1, 0, 4]] as [[Int32]], answer.likelihoods) {
            let ids = context + choice
            let logits = model.logits(
                Tape(device: device), inputs: device.tensor(ids, shape: [1, ids.count])
            ).value
            var expected = 0.0
            var isGreedy = true
            for position in context.count..<ids.count {
                let row = logits.reshaped([ids.count, logits.columnCount])
                    .slice(position - 1..<position).array.map(Double.init)
                expected += row[Int(ids[position])] - log(row.map(exp).reduce(0, +))
                let largest = row.prefix(10).max() ?? 0
                if row[Int(ids[position])] < largest { isGreedy = false }
            }
            #expect(abs(found.logLikelihood - expected) < Self.tolerance)
            #expect(found.isGreedy == isGreedy)
        }
    }

    /// Each choice loses as much as it must: the context and the choice but its last token fit.
    @Test func contextsLoseTheirBeginningWhereTheyAreTooLong() throws {
        let found = try results(
            ["hhhhhhhabcdefghiabc", "iabcdefghiabc", "hiabcdefghiabc"].map {
                ["q": .string($0), "c": ["b", "a d"], "a": 0]
            }, words)
        #expect(found.map(\.isCut) == [true, true, true])
        #expect(found[0].likelihoods[1] == found[1].likelihoods[1])
        #expect(found[1].likelihoods[0] != found[2].likelihoods[0])
        let fitting = try results([["q": "abcdefghiabc", "c": ["b", "c"], "a": 0]], words)
        #expect(!fitting[0].isCut)
    }

    @Test func textsAreWrittenUntilAStop() throws {
        let keys: [String: JSONValue] = [
            "output_type": "generate_until", "doc_to_text": "q", "doc_to_target": "a",
            "generation_kwargs": ["until": [], "max_gen_toks": 6],
        ]
        let whole = try #require(try results([["q": "abc", "a": ""]], keys)[0].text)
        #expect(whole.count == 6)
        var stopping = keys
        let stop = String(whole.dropFirst(2).prefix(1))
        stopping["generation_kwargs"] = ["until": [.string(stop)], "max_gen_toks": 6]
        let text = try results([["q": "abc", "a": ""]], stopping)[0].text
        #expect(text == String(whole[..<(whole.firstIndex(of: Character(stop)) ?? whole.endIndex)]))
    }

    @Test func choiceLongerThanTheContextIsNamed() throws {
        let line = #expect(throws: AgreedFailure.self) {
            try results([["q": "a", "c": ["b", "abcdefghiabcdefg"], "a": 0]], words)
        }?.description
        #expect(
            line == "a choice is longer than the model's context: expected at most 15 tokens, "
                + "got 17 (line 1)")
    }
}
