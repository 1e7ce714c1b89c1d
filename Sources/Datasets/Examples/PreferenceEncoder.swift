import Diagnostics
import Tokenizers

/// Makes examples of preferences.
package struct PreferenceEncoder: Sendable {
    package let tokenizer: any Tokenizer
    package let template: ChatTemplate
    /// T: the most inputs of an answer with its prompt.
    package let sequenceLength: Int

    package init(tokenizer: any Tokenizer, template: ChatTemplate, sequenceLength: Int) {
        precondition(sequenceLength > 0, "a sequence length above 0, got \(sequenceLength)")
        self.tokenizer = tokenizer
        self.template = template
        self.sequenceLength = sequenceLength
    }

    /// The pairs as sequences that two texts share; what is no pair is passed over.
    ///
    /// An answer that is too long loses its end.
    ///
    /// - Throws: `Failure`, with the place, for text outside the vocabulary, a prompt that fills the sequence,
    ///   and answers of which nothing differs, where these may not be left out.
    package func pairs(
        _ preferences: [Preference], _ log: inout RecordLog
    ) throws -> PreferenceExamples {
        var examples = PreferenceExamples(sequenceLength: sequenceLength)
        for preference in preferences {
            guard let better = preference.better, let worse = preference.worse else { continue }
            let pair = try encode(preference, [better, worse], &log)
            guard let pair else { continue }
            let texts = pair.map { $0.example(limit: sequenceLength) }
            guard texts[0] != texts[1] else {
                try log.leaveOut(preference.record, Self.equalTokens(preference))
                continue
            }
            examples.add(
                TokenExample(isolating: texts), at: preference.place,
                cut: pair.contains { $0.ids.count > sequenceLength + 1 })
        }
        try log.requireMostUsed()
        return examples
    }

    /// The pairs for a model that scores whole texts: each text has a target at its last token, which is the
    /// class 0 of the only one. The numbers of an example are the margin of its answers, and the tokens
    /// of the better and the worse one.
    ///
    /// - Throws: as `pairs`.
    package func scoredPairs(
        _ preferences: [Preference], _ log: inout RecordLog
    ) throws -> PreferenceExamples {
        var examples = PreferenceExamples(sequenceLength: sequenceLength)
        for preference in preferences {
            guard let better = preference.better, let worse = preference.worse else { continue }
            guard let pair = try encode(preference, [better, worse], &log) else { continue }
            let texts = pair.map { $0.scored(limit: sequenceLength) }
            guard texts[0] != texts[1] else {
                try log.leaveOut(preference.record, Self.equalTokens(preference))
                continue
            }
            var example = TokenExample(isolating: texts)
            example.numbers =
                [preference.margin] + pair.map { Double($0.ids.count - $0.promptCount) }
            examples.add(
                example, at: preference.place,
                cut: pair.contains { $0.ids.count > sequenceLength })
        }
        try log.requireMostUsed()
        return examples
    }

    /// A conversation as a text to score; it loses its end where it is too long.
    package func scoredText(_ conversation: Conversation) throws -> TokenExample {
        try encode(conversation).scored(limit: sequenceLength)
    }

    /// The answers one by one, each with the answer to another prompt behind its own: of `groupSize`
    /// neighbours each has that of the one before it, and the first that of the last. The number of an
    /// example is 1 for a good answer, 0 for a bad one.
    package func labels(
        _ preferences: [Preference], groupSize: Int, _ log: inout RecordLog
    ) throws -> PreferenceExamples {
        var answers: [(answer: EncodedAnswer, isGood: Bool, place: String)] = []
        for preference in preferences {
            let own = preference.answers
            guard let encoded = try encode(preference, own.map(\.messages), &log) else { continue }
            answers += zip(encoded, own).map {
                (answer: $0, isGood: $1.isGood, place: preference.place)
            }
        }
        try log.requireMostUsed()
        var examples = PreferenceExamples(sequenceLength: sequenceLength)
        for (index, own) in answers.enumerated() {
            let first = index / groupSize * groupSize
            let last = min(first + groupSize, answers.count) - 1
            // One that is alone in its group has a neighbour in the one before.
            let other = index > first || first == last ? max(0, index - 1) : last
            let texts = [own.answer, own.answer.answering(with: answers[other].answer)]
            var example = TokenExample(
                isolating: texts.map { $0.example(limit: sequenceLength) })
            example.numbers = [own.isGood ? 1 : 0]
            examples.add(
                example, at: own.place, cut: own.answer.ids.count > sequenceLength + 1)
        }
        return examples
    }

    /// Nil where the preference is left out.
    private func encode(
        _ preference: Preference, _ answers: [[TemplateMessage]], _ log: inout RecordLog
    ) throws -> [EncodedAnswer]? {
        do {
            return try answers.map { try encode(preference.conversation($0)) }
        } catch let failure as Failure {
            try log.leaveOut(preference.record, failure)
            return nil
        }
    }

    private func encode(_ conversation: Conversation) throws -> EncodedAnswer {
        var chat: EncodedChat
        do {
            chat = try tokenizer.encode(
                template.parts(of: conversation.messages, tools: conversation.tools))
        } catch var failure as Failure {
            failure.place = (failure.place.map { "\($0), " } ?? "") + conversation.place
            throw failure
        }
        let end = (chat.isAnswer.lastIndex(of: true) ?? -1) + 1
        chat.ids.removeLast(chat.ids.count - end)
        chat.isAnswer.removeLast(chat.isAnswer.count - end)
        let answer = EncodedAnswer(chat)
        guard answer.promptCount <= sequenceLength, answer.promptCount < answer.ids.count else {
            throw Failure(
                "the prompt fills the sequence, so that nothing of the answer is learnt",
                expected: "a prompt of at most \(Quantity.count(sequenceLength, "token"))",
                got: "\(answer.promptCount)", at: conversation.place,
                remedy: FailureText("raise \(key: "finetune.train.sequence_length"), or cut it"))
        }
        return answer
    }

    private static func equalTokens(_ preference: Preference) -> Failure {
        Failure(
            "the two answers are the same tokens, as far as they fit the sequence",
            expected: "answers that differ", got: "equal ones", at: preference.place,
            remedy: FailureText(
                "raise \(key: "finetune.train.sequence_length"), or remove the pair"))
    }
}

/// A prompt and its answer as tokens.
private struct EncodedAnswer {
    private(set) var ids: [Int32]
    private var isAnswer: [Bool]
    /// Tokens before the answer.
    let promptCount: Int

    init(_ chat: EncodedChat) {
        (ids, isAnswer) = (chat.ids, chat.isAnswer)
        promptCount = isAnswer.firstIndex(of: true) ?? ids.count
    }

    /// The prompt with the answer to another one.
    func answering(with other: EncodedAnswer) -> EncodedAnswer {
        var own = self
        own.ids = Array(ids.prefix(promptCount) + other.ids.dropFirst(other.promptCount))
        own.isAnswer = Array(
            isAnswer.prefix(promptCount) + other.isAnswer.dropFirst(other.promptCount))
        return own
    }

    /// The text with a target at its last token.
    ///
    /// - Parameter limit: the most inputs.
    func scored(limit: Int) -> TokenExample {
        let inputs = Array(ids.prefix(limit))
        return TokenExample(
            inputs: inputs, targets: Array(repeating: -1, count: inputs.count - 1) + [0])
    }

    /// - Parameter limit: the most inputs.
    func example(limit: Int) -> TokenExample {
        let targets = zip(ids, isAnswer).dropFirst().map { $1 ? $0 : -1 }
        return TokenExample(
            inputs: Array(ids.dropLast().prefix(limit)), targets: Array(targets.prefix(limit)))
    }
}

/// Examples of preferences, and what became of the answers.
package struct PreferenceExamples: Sendable {
    package private(set) var examples: ExampleSet
    /// Examples of which an answer has lost its end.
    package private(set) var cutCount = 0

    /// - Parameter length: the most inputs of an answer with its prompt; a sequence has two of them.
    init(sequenceLength length: Int) {
        examples = ExampleSet([], places: [], sequenceLength: 2 * length)
    }

    mutating func add(_ example: TokenExample, at place: String, cut: Bool) {
        examples.examples.append(example)
        examples.places.append(place)
        cutCount += cut ? 1 : 0
    }

    /// Adds numbers to those of some examples.
    package mutating func append(_ numbers: [Double], toExample index: Int) {
        examples.examples[index].numbers += numbers
    }

    package var count: Int { examples.examples.count }

    /// A warning of the answers that were cut; nil where none was.
    package var warning: String? {
        guard cutCount > 0 else { return nil }
        return "\(cutCount) of \(Quantity.count(count, "example")) are longer than "
            + "\(examples.sequenceLength / 2) tokens: an answer loses its end"
    }
}
