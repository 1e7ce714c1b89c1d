import Diagnostics
import Foundation
import Generation
import JSON
import Models
import Tokenizers

/// What a judge says of a comparison.
package struct Judgement: Equatable, Sendable {
    /// The share of the win that goes to the first answer, when it is shown first and when it is shown last;
    /// nil where the judge could not tell.
    package var shares: (shownFirst: Double, shownLast: Double)?

    package init(shownFirst: Double, shownLast: Double) { shares = (shownFirst, shownLast) }

    private init() { shares = nil }

    package static let none = Judgement()

    package static func == (a: Judgement, b: Judgement) -> Bool {
        a.shares?.shownFirst == b.shares?.shownFirst && a.shares?.shownLast == b.shares?.shownLast
    }

    package var outcome: Double? { shares.map { ($0.shownFirst + $0.shownLast) / 2 } }

    /// How much better the answer fares that is shown first.
    package var bias: Double? { shares.map { ($0.shownFirst - $0.shownLast) / 2 } }
}

/// A language model that is asked which of two answers is better, A or B.
///
/// Each pair is shown in both orders. What counts is p(A) / (p(A) + p(B)) of the next token; where both
/// together are less likely than 1 in 100, the model does not answer in this form, and the comparison has no
/// outcome. Pairs that are longer than the context have none either.
package struct ModelJudge {
    private let model: TaskModel
    private let tokenizer: any Tokenizer
    /// Nil for a model that continues texts.
    private let template: ChatTemplate?

    private static let leastShare = 0.01

    package init(_ model: LanguageModel, _ tokenizer: any Tokenizer, _ template: ChatTemplate?) {
        self.model = TaskModel(model, tokenizer)
        (self.tokenizer, self.template) = (tokenizer, template)
    }

    /// What it says of each; it does not depend on the others.
    package func judgements(of comparisons: [Comparison]) throws -> [Judgement] {
        let (shared, letters) = try answers()
        var pairs: [TokenPair] = []
        var places: [Int?] = []
        for one in comparisons {
            let contexts = [
                try context(one.prompt, one.first, one.second) + shared,
                try context(one.prompt, one.second, one.first) + shared,
            ]
            let fits = contexts.allSatisfy {
                $0.count + letters[0].count + letters[1].count <= model.contextLength
            }
            places.append(fits ? pairs.count : nil)
            guard fits else { continue }
            pairs += contexts.flatMap { context in
                letters.map { TokenPair(context: context, $0) }
            }
        }
        let found = try model.likelihoods(of: pairs).map { exp($0.logLikelihood) }
        return places.map { place in
            guard let place else { return .none }
            let (first, last) = (found[place..<place + 2], found[place + 2..<place + 4])
            let sums = [first.reduce(0, +), last.reduce(0, +)]
            guard sums.allSatisfy({ $0 >= Self.leastShare }) else { return .none }
            return Judgement(
                shownFirst: found[place] / sums[0], shownLast: found[place + 3] / sums[1])
        }
    }

    /// The tokens of both answers, and those before them that both begin with, such as a space.
    private func answers() throws -> (shared: [Int32], letters: [[Int32]]) {
        let letters = try ["A", "B"].map { try ids(template == nil ? " \($0)" : $0) }
        let most = max(0, letters.map(\.count).reduce(.max, min) - 1)
        let count = zip(letters[0], letters[1]).prefix(most).prefix { $0 == $1 }.count
        return (Array(letters[0].prefix(count)), letters.map { Array($0.dropFirst(count)) })
    }

    private func context(
        _ prompt: JSONValue, _ a: Comparison.Answer, _ b: Comparison.Answer
    ) throws -> [Int32] {
        let question = """
            Which of two answers to an instruction is better?

            Instruction:
            \(Self.text(of: prompt))

            Answer A:
            \(a.text)

            Answer B:
            \(b.text)

            Reply with the letter of the better answer alone: A or B.
            """
        guard let template else {
            return try tokenizer.start(of: try ids(question + "\n\nThe better answer:"))
        }
        // The day is always the same, so that the judgement is.
        let text = try template.text(
            of: [ChatMessage(.user, question).json], isPrompt: true, date: .ofExamples)
        return try tokenizer.encode([ChatPart(text, isAnswer: false)]).ids
    }

    private func ids(_ text: String) throws -> [Int32] { try tokenizer.encode(text) }

    /// A single message is its text; of several the speakers are told.
    private static func text(of prompt: JSONValue) -> String {
        guard let messages = prompt.array else { return prompt.string ?? prompt.text() }
        let texts = messages.map { $0["content"]?.string ?? $0["content"]?.text() ?? "" }
        guard messages.count > 1 else { return texts.first ?? "" }
        return zip(messages, texts).map { "\($0["role"]?.string ?? ""): \($1)" }
            .joined(separator: "\n")
    }
}
