import Diagnostics
import JSON

/// The texts that are JSON documents of a schema (JSON Schema, draft 2020-12), written without space but one
/// behind colons and commas, and with members in the order of the schema.
///
/// Every text satisfies the schema; not every document that does is such a text: members that a schema with
/// `properties` does not name are not written. What is not known how to satisfy is refused by its
/// keyword.
package struct JSONSchemaGrammar {
    /// The first is the whole text.
    package private(set) var rules: [ByteGrammar] = [.nothing]
    let root: JSONValue
    var numbers: [String: Int] = [:]
    var anyValue: Int?

    /// - Throws: `Failure` that names a keyword.
    package init(_ schema: JSONValue) throws {
        root = schema
        rules[0] = try grammar(of: schema, at: "#")
    }

    /// Any JSON object.
    package static func anyObject() throws -> JSONSchemaGrammar {
        try JSONSchemaGrammar(["type": "object"])
    }

    /// Keywords that say nothing about what is valid.
    static let notes: Set<String> = [
        "$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default",
        "examples", "example", "deprecated", "readOnly", "writeOnly", "strict", "nullable",
        "contentMediaType", "contentEncoding", "$anchor",
    ]
    static let known: Set<String> = [
        "type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref", "properties", "required",
        "additionalProperties", "items", "prefixItems", "minItems", "maxItems", "minLength",
        "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum",
        "exclusiveMaximum", "multipleOf", "minProperties", "maxProperties", "propertyNames",
        "unevaluatedProperties",
    ]

    func refusal(_ keyword: String, _ what: String, at place: String) -> Failure {
        Failure(
            "cannot write by the JSON schema: \(keyword)", expected: what,
            got: "another use of \(keyword)", at: place)
    }

    mutating func grammar(of schema: JSONValue, at place: String) throws -> ByteGrammar {
        if schema.boolean == true { return anything() }
        if schema.boolean == false { return .nothing }
        guard let members = schema.object else {
            throw Failure(
                "cannot read the JSON schema", expected: "an object", got: schema.summary,
                at: place)
        }
        let unknown = members.keys.filter { !Self.known.contains($0) && !Self.notes.contains($0) }
        if let keyword = unknown.min() {
            throw Failure(
                "cannot write by the JSON schema: \(keyword)",
                expected: "one of " + Self.known.sorted().joined(separator: ", "), got: keyword,
                at: place)
        }
        if let reference = schema["$ref"] { return try rule(reference, at: place) }
        if let all = schema["allOf"] {
            return try grammar(of: merged(schema, all, at: place), at: place)
        }
        if let value = schema["const"] { return try literals([value], schema, at: place) }
        if let values = schema["enum"]?.array { return try literals(values, schema, at: place) }
        for keyword in ["anyOf", "oneOf"] {
            guard let branches = schema[keyword] else { continue }
            return try choice(keyword, branches, beside: schema, at: place)
        }
        return try typed(schema, at: place)
    }

    /// A schema of the same document, "#/$defs/name", which may refer to itself.
    mutating func rule(_ reference: JSONValue, at place: String) throws -> ByteGrammar {
        guard let path = reference.string, path.hasPrefix("#") else {
            throw refusal("$ref", "a reference within the schema, such as #/$defs/name", at: place)
        }
        if let number = numbers[path] { return .rule(number) }
        var schema = root
        for part in path.dropFirst().split(separator: "/") {
            let name = part.replacing("~1", with: "/").replacing("~0", with: "~")
            let element = Int(name).flatMap { index in
                schema.array.flatMap { $0.indices.contains(index) ? $0[index] : nil }
            }
            guard let next = schema[String(name)] ?? element else {
                throw refusal("$ref", "a schema at \(path)", at: place)
            }
            schema = next
        }
        let number = rules.count
        rules.append(.nothing)
        numbers[path] = number
        rules[number] = try grammar(of: schema, at: path)
        return .rule(number)
    }

    mutating func literals(
        _ values: [JSONValue], _ schema: JSONValue, at place: String
    ) throws -> ByteGrammar {
        let types = Self.types(schema)
        let kept = values.filter { value in
            types.isEmpty || types.contains { JSONSchemaGrammar.isOf($0, value) }
        }
        return .alternatives(kept.map { .literal($0.rendered(Self.style)) })
    }

    static let style = JSONStyle.compact

    mutating func choice(
        _ keyword: String, _ branches: JSONValue, beside schema: JSONValue, at place: String
    ) throws -> ByteGrammar {
        guard let list = branches.array, !list.isEmpty else {
            throw refusal(keyword, "a list of schemas", at: place)
        }
        if keyword == "oneOf" && !areDisjoint(list) {
            throw refusal("oneOf", "schemas that no document satisfies two of", at: place)
        }
        let others = (schema.members ?? []).filter { !$0.key.elementsEqual(keyword.utf8) }
        return .alternatives(
            try list.enumerated().map { index, branch in
                let whole =
                    others.allSatisfy {
                        Self.notes.contains(String(decoding: $0.key, as: UTF8.self))
                    }
                    ? branch
                    : try merged(.members(others), .array([branch]), at: place)
                return try grammar(of: whole, at: "\(place)/\(keyword)/\(index)")
            })
    }

    static func types(_ schema: JSONValue) -> [String] {
        guard let type = schema["type"] else { return [] }
        return type.string.map { [$0] } ?? type.array?.compactMap(\.string) ?? []
    }

    static func isOf(_ type: String, _ value: JSONValue) -> Bool {
        switch value {
        case .null: type == "null"
        case .boolean: type == "boolean"
        case .integer: type == "integer" || type == "number"
        case .number(let number):
            type == "number" || type == "integer" && number == number.rounded()
        case .bytes: type == "string"
        case .array: type == "array"
        case .members: type == "object"
        }
    }

    /// Any value: a rule, since values lie in values.
    mutating func anything() -> ByteGrammar {
        if let anyValue { return .rule(anyValue) }
        let number = rules.count
        anyValue = number
        rules.append(.nothing)
        rules[number] = .alternatives([
            Self.string(minimum: 0, maximum: nil), .numbers(nil, nil), .text("true"),
            .text("false"), .text("null"),
            Self.list(.rule(number), minimum: 0, maximum: nil, "[", "]"),
            Self.list(Self.member(.rule(number)), minimum: 0, maximum: nil, "{", "}"),
        ])
        return .rule(number)
    }
}
