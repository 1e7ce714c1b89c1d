import JSON

/// A request of the responses protocol as one of chats.
enum ResponseInput {
    static func chat(_ request: RequestFields) throws(APIFailure) -> RequestFields {
        var messages: [JSONValue] = []
        if let instructions = try request.string("instructions") {
            messages.append(["role": "system", "content": .string(instructions)])
        }
        if let text = request["input"]?.string {
            messages.append(["role": "user", "content": .string(text)])
        } else if let items = try request.array("input") {
            for (index, item) in items.enumerated() {
                messages.append(try message(RequestFields(item, at: "input[\(index)].")))
            }
        } else {
            throw request.wrong("input", expected: "a text or a list of items")
        }
        var members: [(String, JSONValue)] = [("messages", .array(messages))]
        if let tools = try request.array("tools") {
            members.append(("tools", .array(tools.map(tool))))
        }
        let renamed = [("max_output_tokens", "max_completion_tokens")]
        let same = ["temperature", "top_p", "stream", "tool_choice", "seed", "stop", "model"]
        for (name, own) in renamed + same.map({ ($0, $0) }) {
            if let value = request[name] { members.append((own, value)) }
        }
        return try RequestFields(
            .members(members.map { JSONValue.Member(key: Array($0.0.utf8), value: $0.1) }))
    }

    /// A function as the chat protocol has it.
    private static func tool(_ tool: JSONValue) -> JSONValue {
        guard tool["function"] == nil else { return tool }
        return ["type": tool["type"] ?? .null, "function": tool]
    }

    private static func message(_ item: RequestFields) throws(APIFailure) -> JSONValue {
        switch try item.string("type") ?? "message" {
        case "message":
            return [
                "role": .string(try item.string("role") ?? ""), "content": item["content"] ?? .null,
            ]
        case "function_call":
            return [
                "role": "assistant", "content": "",
                "tool_calls": [
                    [
                        "id": .string(try item.string("call_id") ?? ""), "type": "function",
                        "function": [
                            "name": .string(try item.string("name") ?? ""),
                            "arguments": .string(try item.string("arguments") ?? "{}"),
                        ],
                    ]
                ],
            ]
        case "function_call_output":
            return [
                "role": "tool", "tool_call_id": .string(try item.string("call_id") ?? ""),
                "content": .string(try item.string("output") ?? ""),
            ]
        default: throw item.wrong("type", expected: "message, function_call or its output")
        }
    }
}
