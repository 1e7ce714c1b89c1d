import Diagnostics
import Files
import JSON
import Tokenizers

/// Reads files of conversations: a JSON array, or JSON Lines, of records in one of three formats.
///
/// - Alpaca: `instruction`, `input` (optional), `output`.
/// - Chat: `messages`, each with `role` and `content`.
/// - ShareGPT: `conversations`, each with `from` and `value`.
///
/// The fields of each record show its format; each may have a text `system`. Other fields are
/// passed over.
package struct ConversationFile {
    private let path: String
    /// Between an instruction and its input: that of the chat template.
    private let inputBegin: String

    package init(path: String, inputBegin: String) {
        self.path = path
        self.inputBegin = inputBegin
    }

    /// - Throws: `Failure`, with file and line (and the number of an element that shares its line), for a
    ///   file that is not JSON, a record without its fields, an unknown role, and empty answers, of which
    ///   the first are listed.
    package func conversations() throws -> [Conversation] {
        guard !path.hasSuffix(".csv") && !path.hasSuffix(".tsv") else {
            throw Failure(
                "conversations are no table", expected: "JSON or JSON lines", got: "a table",
                at: path, remedy: "texts with labels need finetune.task=classification")
        }
        let bytes = try ExampleFile(reading: path).bytes
        var empty: [JSONRecord] = []
        let conversations = try JSONRecord.parse(bytes, at: path).map { record in
            let place = "\(path), \(record.place)"
            let messages = try messages(of: record.value, at: place)
            if messages.contains(where: \.isEmptyAnswer) { empty.append(record) }
            return Conversation(messages: messages, place: place)
        }
        guard !conversations.isEmpty else {
            throw Failure("there is no example", got: "a file without a record", at: path)
        }
        if !empty.isEmpty { throw emptyAnswers(empty) }
        return conversations
    }

    private func messages(of record: JSONValue, at place: String) throws -> [ChatMessage] {
        var messages: [ChatMessage]
        if let list = record["messages"] {
            messages = try Self.messages(list, named: "messages", ("role", "content"), at: place)
        } else if let list = record["conversations"] {
            messages = try Self.messages(
                list, named: "conversations", ("from", "value"), at: place)
        } else if record["instruction"] != nil {
            messages = try alpaca(record, at: place)
        } else {
            throw Self.failure(
                "instruction and output, or messages, or conversations", record.fieldNames, place)
        }
        if let system = record["system"]?.string, !system.isEmpty,
            messages.first?.role != .system
        {
            messages.insert(ChatMessage(.system, system), at: 0)
        }
        return messages
    }

    private func alpaca(_ record: JSONValue, at place: String) throws -> [ChatMessage] {
        let instruction = try Self.text("instruction", of: record, at: place)
        let output = try Self.text("output", of: record, at: place)
        let hasInput = !(record["input"] ?? .null).isNull
        let input = hasInput ? try Self.text("input", of: record, at: place) : ""
        return [
            ChatMessage(.user, input.isEmpty ? instruction : instruction + inputBegin + input),
            ChatMessage(.assistant, output),
        ]
    }

    private static func messages(
        _ list: JSONValue, named name: String, _ fields: (role: String, content: String),
        at place: String
    ) throws -> [ChatMessage] {
        guard let list = list.array, !list.isEmpty else {
            throw failure("a list of at least one message as \(name)", list.summary, place)
        }
        let messages = try list.map { message in
            let word = try text(fields.role, of: message, at: place)
            guard let role = roles[word] else {
                throw failure(
                    "\(fields.role) \(roles.keys.sorted().joined(separator: ", "))",
                    "\"\(word)\"", place)
            }
            return ChatMessage(role, try text(fields.content, of: message, at: place))
        }
        guard !messages.dropFirst().contains(where: { $0.role == .system }) else {
            throw failure("the system message before all others", "it behind another", place)
        }
        return messages
    }

    /// The words for a role that published files use.
    private static let roles: [String: ChatRole] = [
        "system": .system, "user": .user, "human": .user, "assistant": .assistant,
        "gpt": .assistant, "model": .assistant, "bot": .assistant,
    ]

    private static func text(
        _ field: String, of record: JSONValue, at place: String
    ) throws -> String {
        guard let value = record[field] else {
            throw failure("a field \(field)", record.fieldNames, place)
        }
        guard let text = value.string else {
            throw failure("a text as \(field)", value.summary, place)
        }
        return text
    }

    private static func failure(_ expected: String, _ got: String, _ place: String) -> Failure {
        Failure(
            "a record cannot be read", expected: expected, got: got, at: place,
            remedy: "correct or remove the record")
    }

    private func emptyAnswers(_ records: [JSONRecord]) -> Failure {
        let (isOne, areElements) = (records.count == 1, records.allSatisfy { $0.element != nil })
        let unit = (areElements ? "element" : "line") + (isOne ? "" : "s")
        let shown = records.prefix(10).map { "\($0.element ?? $0.line)" }.joined(separator: ", ")
        let more = records.count > 10 ? " and \(records.count - 10) more" : ""
        return Failure(
            "there is nothing to learn from an empty answer", expected: "a text in each answer",
            got: isOne ? "a record without" : "\(records.count) records without",
            at: "\(path), \(unit) \(shown)\(more)",
            remedy: isOne ? "remove the record" : "remove the records")
    }
}

extension ChatMessage {
    fileprivate var isEmptyAnswer: Bool {
        role == .assistant && content.allSatisfy(\.isWhitespace)
    }
}

extension JSONValue {
    /// The fields that an error names for a record that lacks something.
    fileprivate var fieldNames: String {
        guard let members else { return summary }
        guard !members.isEmpty else { return "an empty object" }
        let names = members.prefix(10).map { String(decoding: $0.key, as: UTF8.self) }
        return "only " + names.joined(separator: ", ") + (members.count > 10 ? ", ..." : "")
    }
}

/// Messages to learn from, and their place in the file.
package struct Conversation: Equatable, Sendable {
    package var messages: [ChatMessage]
    /// The file and the line.
    package var place: String

    package init(messages: [ChatMessage], place: String) {
        self.messages = messages
        self.place = place
    }
}
