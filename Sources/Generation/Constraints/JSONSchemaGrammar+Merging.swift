import JSON

/// `allOf` as one schema, and whether those of `oneOf` exclude each other.
extension JSONSchemaGrammar {
    /// Whether the schemas differ in type, or in a value that is given.
    func areDisjoint(_ schemas: [JSONValue]) -> Bool {
        let resolved = schemas.map(resolved)
        return resolved.indices.allSatisfy { a in
            resolved.indices.dropFirst(a + 1).allSatisfy { differs(resolved[a], resolved[$0]) }
        }
    }

    func differs(_ a: JSONValue, _ b: JSONValue) -> Bool {
        let (types, others) = (Self.types(a), Self.types(b))
        let numbers: Set<String> = ["integer", "number"]
        if !types.isEmpty, !others.isEmpty, Set(types).isDisjoint(with: others),
            Set(types).isDisjoint(with: numbers) || Set(others).isDisjoint(with: numbers)
        {
            return true
        }
        func given(_ schema: JSONValue) -> [JSONValue]? {
            schema["const"].map { [$0] } ?? schema["enum"]?.array
        }
        if let values = given(a), let others = given(b) {
            return !values.contains { others.contains($0) }
        }
        let required = { (schema: JSONValue) in
            Set((schema["required"]?.array ?? []).compactMap(\.string))
        }
        return required(a).intersection(required(b)).contains { name in
            guard let one = a["properties"]?[name], let other = b["properties"]?[name] else {
                return false
            }
            return differs(resolved(one), resolved(other))
        }
    }

    func resolved(_ schema: JSONValue) -> JSONValue {
        guard let path = schema["$ref"]?.string, path.hasPrefix("#/") else { return schema }
        return path.dropFirst(2).split(separator: "/").reduce(root) { value, name in
            value[String(name)] ?? .null
        }
    }

    /// A schema with those of `allOf`.
    func merged(
        _ schema: JSONValue, _ all: JSONValue, at place: String
    ) throws -> JSONValue {
        guard let list = all.array else { throw refusal("allOf", "a list of schemas", at: place) }
        var result = (schema.members ?? []).filter { !$0.key.elementsEqual("allOf".utf8) }
        for other in list.map(resolved) {
            for member in other.members ?? [] {
                let keyword = String(decoding: member.key, as: UTF8.self)
                guard let index = result.firstIndex(where: { $0.key == member.key }) else {
                    result.append(member)
                    continue
                }
                let own = result[index].value
                if own == member.value || Self.notes.contains(keyword) { continue }
                result[index].value = try joined(own, member.value, keyword, at: place)
            }
        }
        return .members(result)
    }

    func joined(
        _ a: JSONValue, _ b: JSONValue, _ keyword: String, at place: String
    ) throws -> JSONValue {
        switch keyword {
        case "required": return .array((a.array ?? []) + (b.array ?? []))
        case "properties":
            var members = a.members ?? []
            for member in b.members ?? [] {
                if let index = members.firstIndex(where: { $0.key == member.key }) {
                    members[index].value = ["allOf": [members[index].value, member.value]]
                } else {
                    members.append(member)
                }
            }
            return .members(members)
        case "minimum", "minLength", "minItems", "exclusiveMinimum":
            return (a.double ?? 0) > (b.double ?? 0) ? a : b
        case "maximum", "maxLength", "maxItems", "exclusiveMaximum":
            return (a.double ?? 0) < (b.double ?? 0) ? a : b
        default: throw refusal("allOf", "schemas of which one alone has \(keyword)", at: place)
        }
    }
}
