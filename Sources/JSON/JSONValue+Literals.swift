extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    /// Keeps the order of the members, unlike `object(_:)`.
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .members(elements.map { Member(key: Array($0.0.utf8), value: $0.1) })
    }
}
