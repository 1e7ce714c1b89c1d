import Generation
import JSON

/// The functions of a request, and whether one has to be called.
struct ToolChoice {
    let tools: [Tool]
    /// Whether calls are looked for.
    let isOn: Bool
    /// The functions of which one has to be called; empty for none.
    let demanded: [Tool]

    init(_ request: RequestFields, messages: ChatMessages) throws(APIFailure) {
        tools = (messages.tools.array ?? []).map { tool in
            let function = tool["function"]
            return Tool(
                name: function?["name"]?.string ?? "",
                parameters: function?["parameters"] ?? ["type": "object"])
        }
        let choice = request["tool_choice"]
        let expected = "none, auto, required or a function of tools"
        switch choice?.string {
        case "none": (isOn, demanded) = (false, [])
        case "required":
            guard !tools.isEmpty else {
                throw request.wrong("tool_choice", expected: "tools beside it")
            }
            (isOn, demanded) = (true, tools)
        case "auto": (isOn, demanded) = (!tools.isEmpty, [])
        case .some: throw request.wrong("tool_choice", expected: expected)
        case nil:
            guard let choice else {
                (isOn, demanded) = (!tools.isEmpty, [])
                return
            }
            let name = choice["function"]?["name"]?.string ?? choice["name"]?.string
            let named = tools.filter { $0.name == name }
            guard !named.isEmpty else { throw request.wrong("tool_choice", expected: expected) }
            (isOn, demanded) = (true, named)
        }
    }

    /// The grammar of a call that has to come; nil where none has to.
    func grammar(_ style: ToolStyle, _ model: ServedModel) throws(APIFailure) -> TokenGrammar? {
        guard !demanded.isEmpty else { return nil }
        let name = demanded.map { "\($0.name) \($0.parameters.text())" }.joined(separator: ", ")
        return try model.grammar("calls \(style) \(name)") { try style.rules(calling: demanded) }
    }
}
