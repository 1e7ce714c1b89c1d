import Diagnostics
import JSON
import Tokenizers

/// One record as a conversation: a list of messages, or a question and its answer.
///
/// - Messages, under `messages` or `conversations`: see ``RecordedMessages``.
/// - A question under `instruction`, `prompt`, `question`, `query` or `input`, its answer under `output`,
///   `completion`, `response` or `answer`; behind the question stands what `input` or `context` holds.
///   Turns of before are pairs of texts under `history`.
/// - A prompt and a completion that are lists of messages, of which the completion is learnt.
struct ConversationRecord {
    let fields: RecordFields
    let place: String
    let columns: RecordColumns
    /// Between an instruction and its input: that of the chat template.
    let inputBegin: String
    /// Whether the template has a use for a name.
    let mentions: (String) -> Bool

    func conversation() throws(Failure) -> Conversation {
        var messages = try self.messages()
        if let name = fields.first(of: columns.names(of: .system)),
            messages.first?.role != ChatRole.system.rawValue,
            let system = try fields.text(name), !system.isEmpty
        {
            messages.insert(TemplateMessage(ChatMessage(.system, system)), at: 0)
        }
        return Conversation(messages: messages, tools: try tools(), place: place)
    }

    private func messages() throws(Failure) -> [TemplateMessage] {
        if let name = columns.names(of: .messages).first(where: fields.isThere) {
            return try list(under: name)
        }
        guard let question = fields.first(of: columns.names(of: .instruction)) else {
            try requireNoEmpty(.instruction)
            throw fields.failure(
                "an instruction and its output (prompt and completion, question and answer), or "
                    + "messages, or conversations", fields.names)
        }
        let answers = columns.names(of: .output)
        guard let answer = answers.first(where: fields.isThere) else {
            try requireNoEmpty(.output)
            throw fields.failure("a field \(answers.joined(separator: ", "))", fields.names)
        }
        if try fields.value(question)?.array != nil {
            return try list(under: question).map(\.unlearnt) + list(under: answer)
        }
        return try pair(question, answer)
    }

    /// Throws for a field that is there and holds nothing.
    private func requireNoEmpty(_ part: RecordColumns.Part) throws(Failure) {
        guard let name = columns.names(of: part).first(where: fields.exists) else { return }
        _ = try fields.needed(name)
    }

    private func pair(_ question: String, _ answer: String) throws(Failure) -> [TemplateMessage] {
        var text = try fields.needed(question)
        let inputs = columns.names(of: .input).filter { $0 != question }
        if let name = fields.first(of: inputs), let input = try fields.text(name), !input.isEmpty {
            text += inputBegin + input
        }
        let messages = [
            ChatMessage(.user, text), ChatMessage(.assistant, try fields.needed(answer)),
        ]
        return try history() + messages.map { TemplateMessage($0) }
    }

    /// The turns before the question.
    private func history() throws(Failure) -> [TemplateMessage] {
        guard let name = fields.first(of: columns.names(of: .history)) else { return [] }
        var messages: [TemplateMessage] = []
        for turn in try fields.list(name) ?? [] {
            let texts = turn.array?.compactMap(\.string) ?? []
            guard texts.count == 2, turn.array?.count == 2 else {
                throw fields.failure("pairs of two texts as \(name)", turn.summary)
            }
            messages.append(TemplateMessage(ChatMessage(.user, texts[0])))
            messages.append(TemplateMessage(ChatMessage(.assistant, texts[1])))
        }
        return messages
    }

    private func list(under name: String) throws(Failure) -> [TemplateMessage] {
        guard try fields.value(name)?.members == nil, let list = try fields.list(name),
            !list.isEmpty
        else {
            throw fields.failure(
                "a list of at least one message as \(name)", fields.summary(of: name))
        }
        return try RecordedMessages(columns: columns, place: place, mentions: mentions, fields)
            .messages(list)
    }

    private func tools() throws(Failure) -> JSONValue {
        guard let name = fields.first(of: columns.names(of: .tools)),
            let list = try fields.list(name), !list.isEmpty
        else { return .null }
        // The older form of OpenAI's API, which names functions without their kind.
        guard name == "functions" else { return .array(list) }
        return .array(list.map { ["type": "function", "function": $0] })
    }
}

extension TemplateMessage {
    /// The message, which is not learnt.
    fileprivate var unlearnt: TemplateMessage {
        var message = self
        message.isLearnt = false
        return message
    }
}
