import Diagnostics
import Tokenizers

/// A prompt as tokens.
package struct EncodedPrompt: Equatable, Sendable {
    package let prompt: Prompt
    package let ids: [Int32]

    package init(_ prompt: Prompt, ids: [Int32]) {
        (self.prompt, self.ids) = (prompt, ids)
    }
}

/// Makes tokens of prompts.
package struct PromptEncoder: Sendable {
    private let tokenizer: any Tokenizer
    private let template: ChatTemplate
    private let sequenceLength: Int
    private let answerLength: Int
    /// What to do with a prompt that is too long.
    package var remedy = FailureText(
        "raise \(key: "finetune.train.sequence_length"), lower finetune.policy.maximum_new_tokens, or cut it"
    )

    /// - Parameters:
    ///   - sequenceLength: T: the most tokens of a prompt with its answer.
    ///   - answerLength: the most tokens of an answer.
    package init(
        tokenizer: any Tokenizer, template: ChatTemplate, sequenceLength: Int, answerLength: Int
    ) {
        (self.tokenizer, self.template) = (tokenizer, template)
        (self.sequenceLength, self.answerLength) = (sequenceLength, answerLength)
    }

    /// - Throws: `Failure`, with the place, for text outside the vocabulary, and for a prompt that leaves no
    ///   room for an answer, where these may not be left out.
    package func encode(_ prompts: [Prompt], _ log: inout RecordLog) throws -> [EncodedPrompt] {
        var encoded: [EncodedPrompt] = []
        for prompt in prompts {
            do {
                encoded.append(EncodedPrompt(prompt, ids: try ids(of: prompt)))
            } catch let failure as Failure {
                try log.leaveOut(prompt.record, failure)
            }
        }
        try log.requireMostUsed()
        return encoded
    }

    private func ids(of prompt: Prompt) throws -> [Int32] {
        let ids: [Int32]
        do {
            let text = try template.text(
                of: prompt.messages.map(\.json), tools: prompt.tools, isPrompt: true,
                date: .ofExamples)
            ids = try tokenizer.encode([ChatPart(text, isAnswer: false)]).ids
        } catch var failure as Failure {
            failure.place = (failure.place.map { "\($0), " } ?? "") + prompt.place
            throw failure
        }
        guard !ids.isEmpty, ids.count + answerLength <= sequenceLength else {
            throw Failure(
                "the prompt leaves no room for an answer",
                expected: "at most \(Quantity.count(sequenceLength - answerLength, "token")): an "
                    + "answer may have \(answerLength) of \(sequenceLength)",
                got: "\(ids.count)", at: prompt.place,
                remedy: remedy)
        }
        return ids
    }
}
