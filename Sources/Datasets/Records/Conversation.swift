import JSON
import Tokenizers

/// Messages to learn from, and their place in the file.
package struct Conversation: Equatable, Sendable {
    package var messages: [TemplateMessage]
    /// Descriptions of the functions that the model may call; null for none.
    package var tools = JSONValue.null
    /// The file and the line.
    package var place: String

    package init(messages: [TemplateMessage], tools: JSONValue = .null, place: String) {
        self.messages = messages
        self.tools = tools
        self.place = place
    }

    package init(messages: [ChatMessage], place: String) {
        self.init(messages: messages.map { TemplateMessage($0) }, place: place)
    }

    /// The conversation as a record.
    var record: JSONValue {
        let messages: [JSONValue.Member] = [
            .init(key: Array("messages".utf8), value: .array(messages.map(\.json)))
        ]
        let tools = tools.isNull ? [] : [JSONValue.Member(key: Array("tools".utf8), value: tools)]
        return .members(messages + tools)
    }

    /// Whether an answer that is to be learnt says nothing and calls nothing.
    var hasEmptyAnswer: Bool {
        messages.contains { message in
            guard message.isLearnt, message.role == ChatRole.assistant.rawValue,
                message.json["tool_calls"] == nil
            else { return false }
            return (message.json["content"]?.string ?? "").allSatisfy(\.isWhitespace)
        }
    }
}
