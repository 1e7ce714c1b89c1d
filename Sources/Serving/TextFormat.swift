import Generation
import JSON

/// What a request says about the form of its texts.
enum TextFormat {
    /// The grammar that a request asks for; nil where texts are free.
    ///
    /// - Throws: for a form that cannot be kept, by its keyword.
    static func grammar(
        _ request: RequestFields, _ model: ServedModel
    ) throws(APIFailure) -> TokenGrammar? {
        if let format = try request.object("response_format") {
            return try grammar(ofFormat: format, request, model)
        }
        for name in ["guided_json", "json_schema"] {
            if let schema = request[name] { return try json(schema, name, model) }
        }
        for name in ["guided_regex", "regex"] {
            guard let pattern = try request.string(name) else { continue }
            return try named(name) { () throws(APIFailure) in
                try model.grammar("pattern \(pattern)") { [try .whole(pattern)] }
            }
        }
        let choices = try request.strings("guided_choice", most: 10_000)
        guard !choices.isEmpty else { return nil }
        return try model.grammar("choices \(choices)") {
            [.alternatives(choices.map { .text($0) })]
        }
    }

    static func grammar(
        ofFormat format: RequestFields, _ request: RequestFields, _ model: ServedModel
    ) throws(APIFailure) -> TokenGrammar? {
        switch try format.string("type") {
        case "text": return nil
        case "json_object": return try json(["type": "object"], "response_format", model)
        case "json_schema":
            // The chat protocol wraps the schema once more than that of responses.
            let inner = try format.object("json_schema") ?? format
            guard let schema = inner["schema"] else {
                throw format.wrong("json_schema", expected: "an object with a schema")
            }
            return try json(schema, "response_format", model)
        default: throw format.wrong("type", expected: "text, json_object or json_schema")
        }
    }

    private static func json(
        _ schema: JSONValue, _ field: String, _ model: ServedModel
    ) throws(APIFailure) -> TokenGrammar {
        try named(field) { () throws(APIFailure) in
            try model.grammar("schema \(schema.text())") { try JSONSchemaGrammar(schema).rules }
        }
    }

    private static func named<Result>(
        _ field: String, _ body: () throws(APIFailure) -> Result
    ) throws(APIFailure) -> Result {
        do throws(APIFailure) {
            return try body()
        } catch {
            throw APIFailure("\(field): \(error.message)", field: field)
        }
    }
}
