import JSON
import Tokenizers

/// The messages of a conversation so far, and how much of them the model still sees.
package struct ChatHistory {
    private let template: ChatTemplate
    private let tokenizer: any Tokenizer
    private let system: [ChatMessage]
    /// The messages but for the system message.
    private var messages: [ChatMessage] = []
    /// The index of the first message that the model sees.
    private var firstSeen = 0

    package init(template: ChatTemplate, tokenizer: any Tokenizer, system: String? = nil) {
        self.template = template
        self.tokenizer = tokenizer
        self.system = system.map { [ChatMessage(.system, $0)] } ?? []
    }

    /// Questions that the model no longer sees.
    package var forgottenCount: Int { messages[..<firstSeen].count { $0.role == .user } }

    package mutating func append(_ role: ChatRole, _ content: String) {
        messages.append(ChatMessage(role, content))
    }

    /// Takes back the last message, which got no answer.
    package mutating func removeLast() { messages.removeLast() }

    package mutating func reset() {
        messages = []
        firstSeen = 0
    }

    /// The ids after which the model answers the last message.
    ///
    /// Whole turns are forgotten, the oldest first, until they fit; the system message stays. A last
    /// message that does not fit alone loses its beginning.
    ///
    /// - Returns: at most `limit` ids, and whether the last message was cut.
    /// - Throws: `Failure` for a message that cannot be encoded.
    package mutating func prompt(limit: Int) throws -> (ids: [Int32], isCut: Bool) {
        var ids = try encode()
        while ids.count > limit, let next = nextQuestion {
            firstSeen = next
            ids = try encode()
        }
        guard ids.count > limit else { return (ids, false) }
        let first = ids.first == tokenizer.beginningOfTextID && limit > 1 ? ids.prefix(1) : []
        return (first + ids.suffix(limit - first.count), true)
    }

    /// The last question is never forgotten.
    private var nextQuestion: Int? {
        messages.indices.dropFirst(firstSeen + 1).first { messages[$0].role == .user }
    }

    private func encode() throws -> [Int32] {
        try tokenizer.encode(template.prompt(after: system + messages[firstSeen...])).ids
    }

    /// The whole conversation, as a record that fine-tuning reads.
    package var json: JSONValue {
        ["messages": .array((system + messages).map(\.json))]
    }
}
