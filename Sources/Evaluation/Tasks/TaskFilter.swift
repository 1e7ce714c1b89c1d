import Diagnostics
import JSON
import Jinja

/// Takes the answer out of what a model wrote: steps, one after the other.
struct TaskFilter: Sendable {
    private enum Step: Sendable {
        case pattern(TextPattern, group: Int, fallback: String)
        case stripped
        case lowercased
        case uppercased
        case mapped([String: String], fallback: String?)
    }

    let name: String
    private let steps: [Step]

    /// The filter of a task that names none.
    static let none = TaskFilter(name: "none", steps: [])

    private init(name: String, steps: [Step]) { (self.name, self.steps) = (name, steps) }

    static func list(_ keys: TaskKeys) throws -> [TaskFilter] {
        guard let list = try keys.list("filter_list") else { return [.none] }
        return try list.map { try TaskFilter(TaskKeys($0, at: keys.place, block: "filter_list.")) }
    }

    private init(_ keys: TaskKeys) throws {
        guard let name = try keys.text("name") else {
            throw keys.failure("name", expected: "a text")
        }
        self.name = name
        steps = try (keys.list("filter") ?? []).compactMap { value in
            try Self.step(TaskKeys(value, at: keys.place, block: "filter_list.filter."))
        }
    }

    private static func step(_ keys: TaskKeys) throws -> Step? {
        switch try keys.text("function") {
        case "regex":
            let pattern = try keys.text("regex_pattern") ?? #"#### (\-?[0-9\.\,]+)"#
            return .pattern(
                try TextPattern(pattern), group: keys["group_select"]?.integer ?? 0,
                fallback: try keys.text("fallback") ?? "[invalid]")
        case "remove_whitespace": return .stripped
        case "lowercase": return .lowercased
        case "uppercase": return .uppercased
        case "map":
            let names = keys["mapping_dict"]?.object?.compactMapValues(\.string) ?? [:]
            return .mapped(names, fallback: try keys.text("default_value"))
        // Of one answer it is the first, and what most say.
        case "take_first", "take_first_k", "majority_vote": return nil
        default:
            throw keys.failure(
                "function",
                expected: "regex, remove_whitespace, lowercase, uppercase, map, or take_first")
        }
    }

    func answer(in text: String) -> String {
        steps.reduce(text) { text, step in
            switch step {
            case .pattern(let pattern, let group, let fallback):
                Self.match(pattern, group, in: text) ?? fallback
            case .stripped: text.stripped
            case .lowercased: text.lowercased()
            case .uppercased: text.uppercased()
            case .mapped(let names, let fallback): names[text] ?? fallback ?? text
            }
        }
    }

    /// The first group that holds something of the match at a place, from the end where it is negative.
    private static func match(_ pattern: TextPattern, _ place: Int, in text: String) -> String? {
        let matches = pattern.matches(in: text)
        let index = place < 0 ? matches.count + place : place
        guard matches.indices.contains(index) else { return nil }
        let groups = matches[index]
        guard groups.count > 1 else { return groups.first?.stripped }
        return groups.first { !$0.isEmpty }?.stripped
    }
}

extension String {
    /// The text without white space at its ends, as Python has it.
    var stripped: String { JinjaString(self).stripped(nil) }
}
