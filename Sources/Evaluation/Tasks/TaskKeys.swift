import Diagnostics
import JSON
import Options

/// The keys of a mapping of a task, with errors that name them.
struct TaskKeys {
    let members: [String: JSONValue]
    let place: String
    /// The names of the blocks around, each with a point.
    let block: String

    init(_ value: JSONValue, at place: String, block: String = "") throws(Failure) {
        guard let members = value.object else {
            throw Failure(
                "cannot read the task", expected: "keys with values", got: value.summary,
                at: block.isEmpty ? place : "\(place), \(block)", kind: .usage)
        }
        (self.members, self.place, self.block) = (members, place, block)
    }

    subscript(key: String) -> JSONValue? {
        members[key].flatMap { $0.isNull ? nil : $0 }
    }

    func failure(_ key: String, expected: String, remedy: String? = nil) -> Failure {
        Failure(
            "the task's key \(block)\(key)", expected: expected,
            got: self[key]?.summary ?? "nothing", at: place, remedy: remedy, kind: .usage)
    }

    func text(_ key: String) throws(Failure) -> String? {
        guard let value = self[key] else { return nil }
        guard let text = value.string else { throw failure(key, expected: "a text") }
        return text
    }

    func integer(_ key: String, atLeast least: Int) throws(Failure) -> Int? {
        guard let value = self[key] else { return nil }
        guard let integer = value.integer, integer >= least else {
            throw failure(key, expected: "an integer of at least \(least)")
        }
        return integer
    }

    func isTrue(_ key: String) throws(Failure) -> Bool {
        guard let value = self[key] else { return false }
        guard let isTrue = value.boolean else { throw failure(key, expected: "true or false") }
        return isTrue
    }

    /// A text or a list of them.
    func texts(_ key: String) throws(Failure) -> [String]? {
        guard let value = self[key] else { return nil }
        let texts = (value.array ?? [value]).map(\.string)
        guard !texts.contains(nil) else {
            throw failure(key, expected: "a text, or a list of them")
        }
        return texts.compactMap { $0 }
    }

    func list(_ key: String) throws(Failure) -> [JSONValue]? {
        guard let value = self[key] else { return nil }
        guard let list = value.array else { throw failure(key, expected: "a list") }
        return list
    }

    func keys(_ key: String) throws(Failure) -> TaskKeys? {
        guard let value = self[key] else { return nil }
        return try TaskKeys(value, at: place, block: "\(block)\(key).")
    }

    func field(_ key: String) throws -> TaskField? {
        guard let value = self[key] else { return nil }
        guard value["!function"] == nil else {
            throw failure(
                key, expected: "the name of a field, a template of Jinja, or a value",
                remedy: "write what the function does as a template")
        }
        return try TaskField(value, key: block + key)
    }

    /// - Throws: `Failure` for a key that is none of these.
    func allow(_ names: Set<String>) throws(Failure) {
        guard let stray = members.keys.sorted().first(where: { !names.contains($0) }) else {
            return
        }
        let near = NearestName.nearest(to: stray, in: names.sorted())
        throw Failure(
            "the task has no key \(block)\(stray)", at: place,
            remedy: near.map { "write \($0)" } ?? "remove it", kind: .usage)
    }
}
