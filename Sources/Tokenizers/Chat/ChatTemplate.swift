import Diagnostics

/// How a conversation becomes the one text that a model sees.
package struct ChatTemplate: Equatable, Sendable {
    package let name: String
    package let pieces: ChatPieces

    /// - Throws: a usage `Failure` for pieces without an end of the answer: a model would never learn
    ///   to stop.
    package init(name: String, pieces: ChatPieces) throws {
        guard !pieces.answerEnd.isEmpty else {
            throw Failure(
                "the chat template has no end", expected: "a text that ends each answer",
                got: "an empty answer_end", at: "template \(name)",
                remedy: "give it an answer_end, such as the tokenizer's end of text", kind: .usage)
        }
        self.name = name
        self.pieces = pieces
    }

    /// The text of a conversation, in stretches: neighbours differ in whether they are an answer.
    ///
    /// - Throws: `Failure` for no message and for a system message that is not the first.
    package func parts(of messages: [ChatMessage]) throws -> [ChatPart] {
        try Self.check(messages)
        var parts = ChatParts()
        parts.append(pieces.prefix)
        var messages = messages
        if messages[0].role != .system, !pieces.defaultSystem.isEmpty {
            messages.insert(ChatMessage(.system, pieces.defaultSystem), at: 0)
        }
        var isAfterSystem = false
        for message in messages {
            append(message, isAfterSystem: isAfterSystem, to: &parts)
            isAfterSystem = message.role == .system
        }
        return parts.parts
    }

    /// The text after which the model writes its answer to these messages, in stretches.
    ///
    /// - Throws: as `parts(of:)`.
    package func prompt(after messages: [ChatMessage]) throws -> [ChatPart] {
        var parts = ChatParts(parts: try parts(of: messages))
        parts.append(pieces.assistantBegin)
        return parts.parts
    }

    private func append(
        _ message: ChatMessage, isAfterSystem: Bool, to parts: inout ChatParts
    ) {
        let content = message.content
        switch message.role {
        case .system: parts.append(pieces.systemBegin + content + pieces.systemEnd)
        case .user:
            let begin = isAfterSystem ? pieces.userBeginAfterSystem : nil
            parts.append((begin ?? pieces.userBegin) + content + pieces.userEnd)
        case .assistant:
            parts.append(pieces.assistantBegin)
            parts.append(pieces.answerBegin + content + pieces.answerEnd, isAnswer: true)
            parts.append(pieces.assistantEnd)
        }
    }

    private static func check(_ messages: [ChatMessage]) throws {
        guard !messages.isEmpty else { throw Failure("the conversation has no message") }
        guard !messages.dropFirst().contains(where: { $0.role == .system }) else {
            throw Failure(
                "the system message of a conversation is not the first",
                remedy: "put it before all others")
        }
    }
}

/// Joins neighbours of one kind.
private struct ChatParts {
    var parts: [ChatPart] = []

    mutating func append(_ text: String, isAnswer: Bool = false) {
        guard !text.isEmpty else { return }
        if let last = parts.indices.last, parts[last].isAnswer == isAnswer {
            parts[last].text += text
        } else {
            parts.append(ChatPart(text, isAnswer: isAnswer))
        }
    }
}
