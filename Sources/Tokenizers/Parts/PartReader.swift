import Diagnostics
import JSON

/// One part of a tokenizer.json, such as its normalizer, with the failures of reading it.
struct PartReader {
    let part: JSONValue
    let place: String

    init(_ part: JSONValue?, at place: String) {
        self.part = part ?? .null
        self.place = place
    }

    var isNull: Bool { part.isNull }
    var type: String { part["type"]?.string ?? "none" }

    func reader(_ value: JSONValue) -> PartReader { PartReader(value, at: place) }

    /// The parts of a Sequence, under the key that its kind has for them; nil for another type.
    func members(_ key: String) throws -> [PartReader]? {
        guard type == "Sequence" else { return nil }
        guard let values = part[key]?.array else { throw refusal("a list \(key)") }
        return values.map(reader)
    }

    func flag(_ key: String, default value: Bool) throws -> Bool {
        guard let member = part[key], !member.isNull else { return value }
        guard let flag = member.boolean else { throw refusal("\(key) true or false") }
        return flag
    }

    func count(_ key: String) throws -> Int {
        guard let count = part[key]?.integer, count >= 0 else { throw refusal("a count \(key)") }
        return count
    }

    func text(_ key: String) throws -> [UInt8] {
        guard let text = part[key]?.bytes else { throw refusal("a text \(key)") }
        return text
    }

    /// The key `pattern`, a literal text or a regular expression.
    func pattern() throws -> Expression {
        let pattern = part["pattern"] ?? .null
        if let literal = pattern["String"]?.bytes, !literal.isEmpty {
            return Expression(literal: literal)
        }
        guard let text = pattern["Regex"]?.string else {
            throw refusal("a pattern String or Regex, not empty")
        }
        return try Expression(text, .ruby, at: place)
    }

    /// The failure of a part that is not read: wrong ids are worse than none.
    func refusal(_ expected: String) -> Failure {
        let type = part["type"]?.string.map { "\($0): " } ?? ""
        return Failure(
            "cannot read the tokenizer", expected: expected,
            got: isNull ? "none" : type + String(part.text().prefix(120)), at: place,
            remedy: "use a tokenizer that is made of parts known here")
    }
}
