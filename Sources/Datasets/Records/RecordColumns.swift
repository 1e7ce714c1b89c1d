/// The names under which the records of conversations keep their parts.
package struct RecordColumns: Equatable, Sendable {
    /// A part of a record, or of a message.
    package enum Part: String, CaseIterable, Sendable {
        case instruction, input, output, system, history, tools, messages, role, content

        /// The names that published files use, the first that holds something counts.
        fileprivate var usual: [String] {
            switch self {
            case .instruction: ["instruction", "prompt", "question", "query", "input"]
            case .input: ["input", "context"]
            case .output: ["output", "completion", "response", "answer"]
            case .system: ["system", "system_prompt"]
            case .history: ["history"]
            case .tools: ["tools", "functions"]
            case .messages: ["messages", "conversations"]
            case .role: ["role", "from"]
            case .content: ["content", "value"]
            }
        }
    }

    /// The parts that a user has given another name.
    package var given: [Part: String] = [:]

    package init() {}

    /// The names that a part may have.
    func names(of part: Part) -> [String] { given[part].map { [$0] } ?? part.usual }

    /// Whether a row of a table names columns of conversations.
    func areNamed(in row: [String]) -> Bool {
        let row = Set(row)
        return [Part.instruction, .messages].contains { !row.isDisjoint(with: names(of: $0)) }
    }
}
