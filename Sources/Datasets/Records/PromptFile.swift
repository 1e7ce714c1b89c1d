import Diagnostics
import JSON
import Tokenizers

/// Something that a model is to answer, and what else its record says, by which answers are judged.
package struct Prompt: Equatable, Sendable {
    /// The messages that are answered.
    package var messages: [TemplateMessage]
    /// Descriptions of the functions that the model may call; null for none.
    package var tools: JSONValue
    /// The file and the line.
    package var place: String
    package var record: JSONValue

    package init(
        messages: [TemplateMessage], tools: JSONValue = .null, place: String, record: JSONValue
    ) {
        (self.messages, self.tools, self.place, self.record) = (messages, tools, place, record)
    }
}

/// Reads files of prompts: JSON, JSON Lines, or a table whose first row names its columns.
///
/// A record has a prompt as those of conversations have: a text under `prompt` (or another name of
/// instructions), or messages. Its other fields are left to what judges the answers.
package struct PromptFile {
    private let path: String
    /// Between an instruction and its input: that of the chat template.
    private let inputBegin: String
    private let mentions: @Sendable (String) -> Bool
    package var columns = RecordColumns()
    package var encoding = TextEncoding.utf8

    /// - Parameter mentions: whether the chat template has a use for a name.
    package init(
        path: String, inputBegin: String,
        mentions: @escaping @Sendable (String) -> Bool = { _ in false }
    ) {
        self.path = path
        self.inputBegin = inputBegin
        self.mentions = mentions
    }

    /// - Throws: `Failure`, with file and line, for a file that is no such file; and, where none may be left
    ///   out, for a record without a prompt.
    package func prompts(_ log: inout RecordLog) throws(Failure) -> [Prompt] {
        let file = try ExampleFile(reading: path, encoding)
        let records = try file.records(&log) { [columns] in columns.areNamed(in: $0) }
        var prompts: [Prompt] = []
        for record in records {
            let found = try log.read(record.value) { (_) throws(Failure) in
                try prompt(of: record)
            }
            if let found { prompts.append(found) }
        }
        guard !records.isEmpty else {
            throw Failure("there is no prompt", got: "a file without a record", at: path)
        }
        return prompts
    }

    private func prompt(of record: JSONRecord) throws(Failure) -> Prompt {
        let place = "\(path), \(record.place)"
        let fields = RecordFields(record.value, at: place)
        let conversation = ConversationRecord(
            fields: fields, place: place, columns: columns, inputBegin: inputBegin,
            mentions: mentions)
        guard let messages = try conversation.prompt(), !messages.isEmpty else {
            throw fields.failure(
                "a field prompt (instruction, question), or messages", fields.names)
        }
        return Prompt(
            messages: messages, tools: try conversation.tools(), place: place,
            record: record.value)
    }
}
