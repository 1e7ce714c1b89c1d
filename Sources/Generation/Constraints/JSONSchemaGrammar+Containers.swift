import JSON

/// Arrays and objects.
extension JSONSchemaGrammar {
    mutating func array(_ schema: JSONValue, at place: String) throws -> ByteGrammar {
        let least = try count("minItems", schema, at: place) ?? 0
        let most = try count("maxItems", schema, at: place)
        if let most, most < least { return .nothing }
        let item = try schema["items"].map { try grammar(of: $0, at: "\(place)/items") }
        guard let first = schema["prefixItems"]?.array, !first.isEmpty else {
            return Self.list(item ?? anything(), minimum: least, maximum: most, "[", "]")
        }
        var elements: [ByteGrammar] = []
        for (index, element) in first.enumerated() {
            elements.append(try grammar(of: element, at: "\(place)/prefixItems/\(index)"))
        }
        // All of the first ones come; more where there is a schema for them.
        elements = Array(elements.prefix(most ?? elements.count))
        let joined = elements.enumerated().flatMap { $0 == 0 ? [$1] : [Self.comma, $1] }
        let hasMore = schema["items"] != nil && schema["items"]?.boolean != false
        let needed = max(0, least - elements.count)
        guard hasMore || needed > 0 else {
            return .sequence([.text("[")] + joined + [.text("]")])
        }
        let more = ByteGrammar.repeated(
            .sequence([Self.comma, item ?? anything()]), minimum: needed,
            maximum: most.map { $0 - elements.count } ?? (hasMore ? nil : needed))
        return .sequence([.text("[")] + joined + [more, .text("]")])
    }

    mutating func object(_ schema: JSONValue, at place: String) throws -> ByteGrammar {
        let least = try count("minProperties", schema, at: place) ?? 0
        let most = try count("maxProperties", schema, at: place)
        let required = (schema["required"]?.array ?? []).compactMap(\.string)
        let properties = schema["properties"]?.members ?? []
        let names = properties.map { String(decoding: $0.key, as: UTF8.self) }
        let missing = required.filter { !names.contains($0) }
        if properties.isEmpty && missing.isEmpty {
            return try map(schema, minimum: least, maximum: most, at: place)
        }
        guard schema["propertyNames"] == nil else {
            throw refusal("propertyNames", "no properties beside it", at: place)
        }
        var members: [(grammar: ByteGrammar, isRequired: Bool)] = []
        for (name, property) in zip(names, properties) {
            let value = try grammar(of: property.value, at: "\(place)/properties/\(name)")
            let key = ByteGrammar.literal(JSONValue.bytes(property.key).rendered(Self.style))
            members.append((Self.member(value, name: key), required.contains(name)))
        }
        for name in missing {
            let other = schema["additionalProperties"] ?? true
            let value = try grammar(of: other, at: "\(place)/additionalProperties")
            let key = ByteGrammar.literal(JSONValue.string(name).rendered(Self.style))
            members.append((Self.member(value, name: key), true))
        }
        let requiredCount = members.count { $0.isRequired }
        guard (most ?? members.count) >= members.count || requiredCount == most else {
            throw refusal("maxProperties", "at least the number of properties", at: place)
        }
        if least > requiredCount || most.map({ $0 < members.count }) ?? false {
            guard least <= members.count else {
                throw refusal("minProperties", "at most the number of properties", at: place)
            }
            // All that is named, or what is required alone.
            members = members.compactMap { member in
                least > requiredCount ? (member.grammar, true) : member.isRequired ? member : nil
            }
        }
        return .sequence([.text("{"), Self.ordered(members[...]), .text("}")])
    }

    /// Members in their order, of which those that are not required may be left out.
    static func ordered(
        _ members: ArraySlice<(grammar: ByteGrammar, isRequired: Bool)>
    ) -> ByteGrammar {
        // Behind a first member each one brings its comma.
        var rest: [ByteGrammar] = [.empty]
        for member in members.reversed() {
            let one = ByteGrammar.sequence([comma, member.grammar])
            let next = rest[rest.count - 1]
            rest.append(.sequence([member.isRequired ? one : .optional(one), next]))
        }
        var choices: [ByteGrammar] = []
        for (index, member) in members.enumerated() {
            choices.append(.sequence([member.grammar, rest[members.count - 1 - index]]))
            if member.isRequired { return .alternatives(choices) }
        }
        return .alternatives(choices + [.empty])
    }

    /// An object of members of any name.
    mutating func map(
        _ schema: JSONValue, minimum: Int, maximum: Int?, at place: String
    ) throws -> ByteGrammar {
        let other = schema["additionalProperties"] ?? true
        if other.boolean == false {
            return minimum == 0 ? .text("{}") : .nothing
        }
        let value = try grammar(of: other, at: "\(place)/additionalProperties")
        guard minimum <= 1 else {
            throw refusal("minProperties", "at most 1 where names are free", at: place)
        }
        var name: ByteGrammar?
        if let names = schema["propertyNames"] {
            name = try string(names, at: "\(place)/propertyNames")
        }
        return Self.list(
            Self.member(value, name: name), minimum: minimum, maximum: maximum, "{", "}")
    }
}
