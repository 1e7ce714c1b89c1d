import Generation
import JSON
import Tokenizers

/// How the models of a family call functions.
enum ToolStyle {
    /// `<tool_call>{"name": ..., "arguments": ...}</tool_call>`: Hermes, Qwen, SmolLM.
    case tagged
    /// `{"name": ..., "parameters": ...}`: Llama 3.
    case bare
    /// `[TOOL_CALLS][{"name": ..., "arguments": ...}]`: Mistral.
    case listed

    /// The style of a template, by what it tells its model.
    init(_ template: ChatTemplate?) {
        let jinja = template?.jinja ?? ""
        if jinja.contains("[TOOL_CALLS]") {
            self = .listed
        } else if !jinja.contains("<tool_call>") && jinja.contains("\"parameters\"") {
            self = .bare
        } else {
            self = .tagged
        }
    }

    private var open: String {
        switch self {
        case .tagged: "<tool_call>\n"
        case .bare: ""
        case .listed: "[TOOL_CALLS]["
        }
    }

    private var close: String {
        switch self {
        case .tagged: "\n</tool_call>"
        case .bare: ""
        case .listed: "]"
        }
    }

    private var arguments: String { self == .bare ? "parameters" : "arguments" }

    /// What tells a model of functions whose template does not.
    func instruction(of tools: [JSONValue]) -> String {
        let list = tools.map { $0.text() }.joined(separator: "\n")
        return """
            You may call functions to assist with the user's query. They are:
            <tools>
            \(list)
            </tools>
            For each call write a JSON object within tags:
            \(open){"name": <function-name>, "\(arguments)": <arguments-object>}\(close)
            """
    }

    /// Texts that call one of the functions.
    func rules(calling tools: [Tool]) throws -> [ByteGrammar] {
        var rules: [ByteGrammar] = [.nothing]
        var calls: [ByteGrammar] = []
        for tool in tools {
            let schema = try JSONSchemaGrammar(tool.parameters).rules
            calls.append(
                .sequence([
                    .text(open + "{\"name\": "),
                    .literal(JSONValue.string(tool.name).rendered(.compact)),
                    .text(", \"\(arguments)\": "), .rule(rules.count), .text("}" + close),
                ]))
            let offset = rules.count
            rules += schema.map { $0.shifted(by: offset) }
        }
        rules[0] = .alternatives(calls)
        return rules
    }

    /// The calls in a text, and what is left of it without them.
    func calls(in text: String) -> (content: String, calls: [ToolCall]) {
        switch self {
        case .tagged: return tagged(text)
        case .bare:
            let trimmed = text.drop { $0.isWhitespace || $0 == "<" }
            let body = trimmed.hasPrefix("|python_tag|>") ? trimmed.dropFirst(13) : trimmed
            let calls = self.calls(String(body))
            return calls.isEmpty ? (text, []) : ("", calls)
        case .listed:
            guard let start = text.firstRange(of: "[TOOL_CALLS]") else { return (text, []) }
            let calls = self.calls(String(text[start.upperBound...]))
            return calls.isEmpty ? (text, []) : (String(text[..<start.lowerBound]), calls)
        }
    }

    private func tagged(_ text: String) -> (content: String, calls: [ToolCall]) {
        var content = ""
        var calls: [ToolCall] = []
        var rest = text[...]
        while let start = rest.firstRange(of: "<tool_call>") {
            let behind = rest[start.upperBound...]
            let end = behind.firstRange(of: "</tool_call>")
            let found = self.calls(String(behind[..<(end?.lowerBound ?? behind.endIndex)]))
            content += rest[..<(found.isEmpty ? start.upperBound : start.lowerBound)]
            calls += found
            rest = found.isEmpty ? behind : behind[(end?.upperBound ?? behind.endIndex)...]
        }
        content += rest
        return (calls.isEmpty ? text : content, calls)
    }

    /// The calls of a JSON object, or of a list of them.
    private func calls(_ text: String) -> [ToolCall] {
        let bytes = Array(text.utf8.drop { $0 <= 0x20 }.reversed().drop { $0 <= 0x20 }.reversed())
        guard let json = try? JSONValue(parsing: bytes, at: "the call") else { return [] }
        return (json.array ?? [json]).compactMap { call in
            guard let name = call["name"]?.string,
                let arguments = call["arguments"] ?? call["parameters"]
            else { return nil }
            return ToolCall(
                name: name,
                arguments: arguments.string
                    ?? String(decoding: arguments.rendered(.compact), as: UTF8.self))
        }
    }
}

/// A function that a model may call.
struct Tool: Sendable {
    let name: String
    let parameters: JSONValue
}

/// A call of a function.
struct ToolCall: Sendable {
    let id = "call_\(ReplyFrame.randomName)"
    let name: String
    /// A JSON object, as text.
    let arguments: String

    var json: JSONValue {
        [
            "id": .string(id), "type": "function",
            "function": ["name": .string(name), "arguments": .string(arguments)],
        ]
    }
}
