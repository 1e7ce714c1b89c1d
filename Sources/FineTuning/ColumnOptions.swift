import Datasets
import Options

/// The names under which the records of instructions and chats keep their parts, where these are none of
/// those that published files use.
package struct ColumnOptions: OptionBlock {
    /// What the model is asked; by default instruction, prompt, question, query or input.
    package var instruction: String?
    /// What stands behind the instruction; by default input or context.
    package var input: String?
    /// What the model answers; by default output, completion, response or answer.
    package var output: String?
    /// What stands before all else; by default system or system_prompt.
    package var system: String?
    /// The pairs of texts before the instruction; by default history.
    package var history: String?
    /// The functions that the model may call; by default tools or functions.
    package var tools: String?
    /// The messages of a chat; by default messages or conversations.
    package var messages: String?
    /// Who speaks in a message; by default role or from.
    package var role: String?
    /// What a message says; by default content or value.
    package var content: String?

    package init() {}

    private static let parts:
        [(part: RecordColumns.Part, path: WritableKeyPath<ColumnOptions, String?> & Sendable)] = [
            (.instruction, \.instruction), (.input, \.input), (.output, \.output),
            (.system, \.system), (.history, \.history), (.tools, \.tools),
            (.messages, \.messages), (.role, \.role), (.content, \.content),
        ]

    package static var fields: [OptionField<ColumnOptions>] {
        parts.map { OptionField($0.part.rawValue, $0.path, .decidesWeights).addedLater }
    }

    package var columns: RecordColumns {
        var columns = RecordColumns()
        for (part, path) in Self.parts { columns.given[part] = self[keyPath: path] }
        return columns
    }
}
