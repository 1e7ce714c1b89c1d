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
        Conversation(
            messages: try behindSystem(try messages()), tools: try tools(), place: place)
    }

    /// The messages before an answer that stands elsewhere: a list of them, or a question; nil where there is
    /// neither.
    func prompt() throws(Failure) -> [TemplateMessage]? {
        if let name = columns.names(of: .messages).first(where: fields.isThere) {
            return try behindSystem(try list(under: name)).map(\.unlearnt)
        }
        guard let question = fields.first(of: columns.names(of: .instruction)) else { return nil }
        if try fields.value(question)?.array != nil {
            return try behindSystem(try list(under: question)).map(\.unlearnt)
        }
        let turns = try history() + [TemplateMessage(ChatMessage(.user, try text(of: question)))]
        return try behindSystem(turns).map(\.unlearnt)
    }

    /// The messages behind that of the system, where the record has one of its own.
    private func behindSystem(
        _ messages: [TemplateMessage]
    ) throws(Failure) -> [TemplateMessage] {
        if let name = fields.first(of: columns.names(of: .system)),
            messages.first?.role != ChatRole.system.rawValue,
            let system = try fields.text(name), !system.isEmpty
        {
            return [TemplateMessage(ChatMessage(.system, system))] + messages
        }
        return messages
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
        let messages = [
            ChatMessage(.user, try text(of: question)),
            ChatMessage(.assistant, try fields.needed(answer)),
        ]
        return try history() + messages.map { TemplateMessage($0) }
    }

    /// A question, and what stands behind it.
    private func text(of question: String) throws(Failure) -> String {
        var text = try fields.needed(question)
        let inputs = columns.names(of: .input).filter { $0 != question }
        if let name = fields.first(of: inputs), let input = try fields.text(name), !input.isEmpty {
            text += inputBegin + input
        }
        return text
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

    func list(under name: String) throws(Failure) -> [TemplateMessage] {
        guard try fields.value(name)?.members == nil, let list = try fields.list(name),
            !list.isEmpty
        else {
            throw fields.failure(
                "a list of at least one message as \(name)", fields.summary(of: name))
        }
        return try RecordedMessages(columns: columns, place: place, mentions: mentions, fields)
            .messages(list)
    }

    func tools() throws(Failure) -> JSONValue {
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
    var unlearnt: TemplateMessage {
        var message = self
        message.isLearnt = false
        return message
    }
}
