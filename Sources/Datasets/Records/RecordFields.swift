import Diagnostics
import JSON

/// The fields of one record, and which of them were read.
///
/// A field that is null, NaN (as pandas writes what is missing) or not there holds nothing. What a field
/// must not hold, such as half of a pair of surrogates, is refused where it is read, and not elsewhere.
final class RecordFields {
    private let record: JSONValue
    private let place: String
    private var read: Set<String> = []
    /// Further fields that hold something and are not read, inside others.
    private var unreadInside: Set<String> = []

    init(_ record: JSONValue, at place: String) {
        self.record = record
        self.place = place
    }

    // MARK: Reading

    /// Whether the field holds something.
    func holds(_ name: String) -> Bool { record[name].map { !$0.isNothing } ?? false }

    /// Whether there is such a field, whatever it holds.
    func exists(_ name: String) -> Bool { record[name] != nil }

    /// Whether there is such a field, whatever it holds but null.
    func isThere(_ name: String) -> Bool { record[name].map { !$0.isNull } ?? false }

    /// The first of some fields that hold something.
    func first(of names: [String]) -> String? { names.first(where: holds) }

    /// The value of a field; nil where it holds nothing.
    func value(_ name: String) throws(Failure) -> JSONValue? {
        read.insert(name)
        let found = (record.members ?? []).filter { $0.key.elementsEqual(name.utf8) }
        guard found.count < 2 else {
            throw failure("one field \(name)", "\(found.count) of them")
        }
        guard let value = found.first?.value, !value.isNothing else { return nil }
        guard let fault = value.fault else { return value }
        throw failure("text and numbers as \(name)", fault)
    }

    /// The text of a field; nil where it holds nothing.
    func text(_ name: String) throws(Failure) -> String? {
        guard let value = try value(name) else { return nil }
        guard let text = value.string else { throw failure("a text as \(name)", value.summary) }
        return text
    }

    /// The text of a field that must be there.
    func needed(_ name: String) throws(Failure) -> String {
        if let text = try text(name) { return text }
        guard let value = record[name] else { throw failure("a field \(name)", names) }
        throw failure("a text as \(name)", value.summary)
    }

    /// The list in a field, which may be spelled out as JSON in a text; nil where it holds nothing.
    func list(_ name: String) throws(Failure) -> [JSONValue]? {
        guard var value = try value(name) else { return nil }
        if let text = value.bytes, text.first == UInt8(ascii: "[") {
            value = try JSONValue(parsing: text, at: "\(place), \(name)")
        }
        guard let list = value.array else { throw failure("a list as \(name)", value.summary) }
        return list
    }

    // MARK: The rest

    /// The fields that hold something and were not read.
    var unread: [(name: String, value: JSONValue)] {
        (record.members ?? []).filter { !$0.value.isNothing && !$0.value.isEmpty }
            .map { (String(decoding: $0.key, as: UTF8.self), $0.value) }
            .filter { !read.contains($0.0) }
    }

    /// Notes a field inside another one that is not read.
    func noteUnread(_ name: String) { unreadInside.insert(name) }

    /// The names of all fields that hold something and were not read.
    var unreadNames: [String] { unread.map(\.name) + unreadInside.sorted() }

    /// What a field holds, for an error.
    func summary(of name: String) -> String { record[name]?.summary ?? names }

    /// The fields that an error names for a record that lacks something.
    var names: String {
        guard let members = record.members else { return record.summary }
        guard !members.isEmpty else { return "an empty object" }
        let names = members.prefix(10).map { String(decoding: $0.key, as: UTF8.self) }
        return "only " + names.joined(separator: ", ") + (members.count > 10 ? ", ..." : "")
    }

    func failure(_ expected: String, _ got: String) -> Failure {
        Failure(
            "a record cannot be read", expected: expected, got: got, at: place,
            remedy: "correct or remove the record")
    }
}

extension JSONValue {
    /// Whether the value is null or NaN.
    var isNothing: Bool {
        if case .number(let number) = self { return number.isNaN }
        return isNull
    }

    /// Whether the value is a text or a list without anything in it.
    fileprivate var isEmpty: Bool { bytes?.isEmpty ?? array?.isEmpty ?? members?.isEmpty ?? false }

    /// What no template and no tokenizer can take in the value, or inside it; nil for nothing.
    fileprivate var fault: String? {
        switch self {
        case .number(let number): return number.isFinite ? nil : "\(number)"
        case .bytes(let text):
            return String(validating: text, as: UTF8.self) == nil
                ? "half of a pair of surrogates (\\ud800 to \\udfff)" : nil
        case .array(let values): return values.lazy.compactMap(\.fault).first
        case .members(let members):
            guard Set(members.map(\.key)).count == members.count else {
                return "a name that occurs again"
            }
            return members.lazy.compactMap { JSONValue.bytes($0.key).fault ?? $0.value.fault }.first
        default: return nil
        }
    }
}
