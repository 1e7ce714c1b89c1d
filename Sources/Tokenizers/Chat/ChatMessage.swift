import JSON

/// Who speaks in a conversation.
package enum ChatRole: String, CaseIterable, Sendable {
    /// The system, which instructs the model how to answer; at most one, before all others.
    case system
    case user
    case assistant
}

/// A message of a conversation: its speaker and its text.
package struct ChatMessage: Equatable, Sendable {
    package var role: ChatRole
    package var content: String

    package init(_ role: ChatRole, _ content: String) {
        self.role = role
        self.content = content
    }

    /// The message as in the records of a chat: `{"role": "user", "content": "..."}`.
    package var json: JSONValue {
        ["role": .string(role.rawValue), "content": .string(content)]
    }
}

/// A stretch of the text of a conversation.
package struct ChatPart: Equatable, Sendable {
    package var text: String
    /// Whether the model has to write the text: an answer with the mark of its end.
    package var isAnswer: Bool

    package init(_ text: String, isAnswer: Bool) {
        self.text = text
        self.isAnswer = isAnswer
    }
}
