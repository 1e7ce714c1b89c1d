import Diagnostics
import Options
import Tokenizers

/// The tokens of a conversation that a model learns to write.
package enum LossOn: String, OptionChoice {
    /// The tokens of the answers, with the mark of their end.
    case answers
    /// All tokens.
    case all
}

/// Makes examples of conversations.
package struct ExampleEncoder: Sendable {
    package let tokenizer: any Tokenizer
    package let template: ChatTemplate
    /// T: the most inputs of an example.
    package let sequenceLength: Int
    package let lossOn: LossOn

    package init(
        tokenizer: any Tokenizer, template: ChatTemplate, sequenceLength: Int,
        lossOn: LossOn = .answers
    ) {
        precondition(sequenceLength > 0, "a sequence length above 0, got \(sequenceLength)")
        self.tokenizer = tokenizer
        self.template = template
        self.sequenceLength = sequenceLength
        self.lossOn = lossOn
    }

    /// Encodes all of them; what was cut or left out is counted.
    ///
    /// A conversation that is too long is cut from the left, so that its last answer fits; where that
    /// answer is longer than half of the sequence, half of the sequence is left to what comes before it,
    /// if there is as much, and the answer loses its end. The token that texts begin with stays.
    ///
    /// - Throws: `Failure`, with the place, for text outside the vocabulary; where no target is left at
    ///   all; and where no answer keeps its end.
    package func encode(_ conversations: some Collection<Conversation>) throws -> ExampleSet {
        var log = RecordLog()
        return try encode(conversations, &log)
    }

    /// As above, without the conversations that have no encoding, where these may be left out.
    package func encode(
        _ conversations: some Collection<Conversation>, _ log: inout RecordLog
    ) throws -> ExampleSet {
        var set = ExampleSet(sequenceLength: sequenceLength, answerEnd: template.answerEnd)
        for conversation in conversations {
            do {
                try append(conversation, to: &set)
            } catch let failure as Failure {
                try log.leaveOut(conversation.record, failure)
            }
        }
        try log.requireMostUsed()
        try set.check(conversationCount: conversations.count)
        return set
    }

    private func append(_ conversation: Conversation, to set: inout ExampleSet) throws {
        var chat: EncodedChat
        do {
            chat = try tokenizer.encode(
                template.parts(of: conversation.messages, tools: conversation.tools))
        } catch var failure as Failure {
            failure.place = (failure.place.map { "\($0), " } ?? "") + conversation.place
            throw failure
        }
        if lossOn == .answers { chat.dropAfterLastAnswer() }
        let cut = chat.cut(to: sequenceLength + 1, beginning: tokenizer.beginningOfTextID)
        let counts = lossOn == .all ? chat.ids.map { _ in true } : chat.isAnswer
        let targets = zip(chat.ids, counts).dropFirst().map { $1 ? $0 : -1 }
        guard targets.contains(where: { $0 >= 0 }) else {
            set.unansweredCount += 1
            return
        }
        if cut.prompt { set.cutPromptCount += 1 }
        if cut.answer { set.cutAnswerCount += 1 }
        if try endsAnswer(chat) { set.endCount += 1 }
        set.examples.append(TokenExample(inputs: chat.ids.dropLast(), targets: targets))
        set.places.append(conversation.place)
    }

    /// Whether the last answer has the mark of its end, which is a target then.
    private func endsAnswer(_ chat: EncodedChat) throws -> Bool {
        guard let last = chat.isAnswer.lastIndex(of: true), last > 0 else { return false }
        let end = template.answerEnd.utf8
        let tail = chat.ids[max(0, last + 1 - end.count)...last]
        return try tokenizer.bytes(of: tail).suffix(end.count).elementsEqual(end)
    }
}

extension EncodedChat {
    /// Drops the tokens after the last answer: they are not learnt, and nothing is learnt from
    /// them.
    fileprivate mutating func dropAfterLastAnswer() {
        let count = (isAnswer.lastIndex(of: true) ?? -1) + 1
        ids.removeLast(ids.count - count)
        isAnswer.removeLast(isAnswer.count - count)
    }

    /// - Returns: whether tokens before the last answer, and of that answer, are gone.
    fileprivate mutating func cut(
        to limit: Int, beginning: Int32?
    ) -> (prompt: Bool, answer: Bool) {
        guard ids.count > limit else { return (false, false) }
        let end = (isAnswer.lastIndex(of: true) ?? ids.count - 1) + 1
        let start = (isAnswer[..<end].lastIndex(of: false) ?? -1) + 1
        let kept = max(limit - (ids.count - start), min(start, limit / 2))
        let first = ids.first == beginning && kept > 1 ? 1 : 0
        let dropped = first..<max(first, first + start - kept)
        ids.removeSubrange(dropped)
        isAnswer.removeSubrange(dropped)
        let excess = max(0, ids.count - limit)
        ids.removeLast(excess)
        isAnswer.removeLast(excess)
        return (!dropped.isEmpty, excess > 0)
    }
}
