import JSON
import Tokenizers

/// The messages of a chat request, as templates take them.
struct ChatMessages {
    let messages: [JSONValue]
    let tools: JSONValue

    private static let roles = ["system", "developer", "user", "assistant", "tool", "function"]

    init(_ request: RequestFields) throws(APIFailure) {
        guard let list = try request.array("messages") else {
            throw request.wrong("messages", expected: "a list of messages")
        }
        guard !list.isEmpty else {
            throw request.wrong("messages", expected: "at least one message")
        }
        var messages: [JSONValue] = []
        for (index, json) in list.enumerated() {
            messages.append(try Self.message(RequestFields(json, at: "messages[\(index)].")))
        }
        self.messages = messages
        let tools = try request.array("tools") ?? []
        for (index, tool) in tools.enumerated() {
            let fields = try RequestFields(tool, at: "tools[\(index)].")
            guard try fields.string("type") == "function",
                let name = try fields.object("function")?.string("name"), !name.isEmpty
            else { throw fields.wrong("function", expected: "a function with a name") }
        }
        self.tools = tools.isEmpty ? .null : .array(tools)
    }

    private static func message(_ fields: RequestFields) throws(APIFailure) -> JSONValue {
        guard let role = try fields.string("role"), roles.contains(role) else {
            throw fields.wrong("role", expected: roles.joined(separator: ", "))
        }
        var message: [JSONValue.Member] = []
        func add(_ key: String, _ value: JSONValue) {
            message.append(JSONValue.Member(key: Array(key.utf8), value: value))
        }
        add("role", .string(role == "developer" ? "system" : role))
        let calls = try fields.array("tool_calls")
        add("content", .string(try content(fields, isNeeded: calls == nil)))
        if let calls { add("tool_calls", .array(calls)) }
        for name in ["name", "tool_call_id"] {
            if let text = try fields.string(name) { add(name, .string(text)) }
        }
        return .members(message)
    }

    /// A text, or parts of one.
    private static func content(
        _ fields: RequestFields, isNeeded: Bool
    ) throws(APIFailure) -> String {
        guard let value = fields["content"] else {
            if isNeeded { throw fields.wrong("content", expected: "a text") }
            return ""
        }
        if let text = value.string { return text }
        guard let parts = value.array else {
            throw fields.wrong("content", expected: "a text or a list of parts")
        }
        var texts: [String] = []
        for part in parts {
            guard let type = part["type"]?.string,
                ["text", "input_text", "output_text"].contains(type),
                let text = part["text"]?.string
            else { throw fields.wrong("content", expected: "parts of type text", part) }
            texts.append(text)
        }
        return texts.joined()
    }

    /// The ids after which the model answers.
    ///
    /// - Parameter style: how functions are called; nil where none may be.
    func prompt(
        for model: ServedModel, tools style: ToolStyle? = nil
    ) throws(APIFailure) -> [Int32] {
        do {
            let text = try text(for: model, tools: style)
            let ids = try model.tokenizer.encode([ChatPart(text, isAnswer: false)]).ids
            return try model.tokenizer.start(of: ids)
        } catch { throw APIFailure(error) }
    }

    func text(
        for model: ServedModel, tools style: ToolStyle? = nil, isPrompt: Bool = true
    ) throws(APIFailure) -> String {
        guard let template = model.template else {
            throw APIFailure(
                "The model \(model.name) has no chat template: use /v1/completions, or start the "
                    + "server with --template.", field: "model")
        }
        var messages = messages
        if let style, let tools = tools.array, !template.jinja.contains("tools") {
            messages = Self.adding(style.instruction(of: tools), to: messages)
        }
        do {
            return try template.text(
                of: messages, tools: style == nil ? .null : tools, isPrompt: isPrompt)
        } catch { throw APIFailure(error) }
    }

    /// The messages with an instruction at the end of the system message, which may be a new one.
    private static func adding(_ text: String, to messages: [JSONValue]) -> [JSONValue] {
        guard let first = messages.first, first["role"] == "system" else {
            return [["role": "system", "content": .string(text)]] + messages
        }
        let content = (first["content"]?.string ?? "") + "\n\n" + text
        return [["role": "system", "content": .string(content)]] + messages.dropFirst()
    }
}
