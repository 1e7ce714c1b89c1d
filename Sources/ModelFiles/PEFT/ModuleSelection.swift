import Diagnostics
import Tokenizers

/// Modules of a model by their names, as PEFT chooses them.
package enum ModuleSelection: Equatable, Sendable {
    /// Whole names, or the last parts of names.
    case names([String])
    /// A regular expression for whole names.
    case expression(String)

    /// A single text with signs that no name has is an expression.
    package init(_ texts: [String]) {
        let signs = "*+?()[]{}|^$\\"
        if texts.count == 1, texts[0].contains(where: { signs.contains($0) }) {
            self = .expression(texts[0])
        } else {
            self = .names(texts)
        }
    }

    /// The names, or the expression, as recipes list them.
    package var texts: [String] {
        switch self {
        case .names(let names): names
        case .expression(let expression): [expression]
        }
    }

    /// - Parameter key: the key, for the failure of an expression.
    func contains(_ name: String, _ key: String) throws -> Bool {
        switch self {
        case .names(let names): names.contains { name == $0 || name.hasSuffix("." + $0) }
        case .expression(let expression): try ModulePattern(expression, at: key).matches(name)
        }
    }
}

/// A regular expression for names of modules.
struct ModulePattern {
    private let expression: Expression

    /// - Throws: `Failure` for syntax that is not read.
    init(_ text: String, at key: String) throws {
        do {
            expression = try Expression("\\A(?:\(text))\\z", .rust, at: key)
        } catch let failure as Failure {
            throw Failure(
                "cannot read the pattern of \(key)", expected: failure.expected,
                got: failure.got ?? text, remedy: "name the modules one by one", kind: .usage)
        }
    }

    /// Whether the whole name matches.
    func matches(_ name: String) throws -> Bool {
        var found = false
        try Array(name.utf8).withUnsafeBufferPointer { text in
            try expression.forEachStretch(of: text) { _, isMatch in found = found || isMatch }
        }
        return found
    }
}

/// Values for the modules whose names end as a pattern says: the first that fits counts.
package struct ModuleValues<Value: Equatable & Sendable>: Equatable, Sendable {
    package struct Entry: Equatable, Sendable {
        package let pattern: String
        package let value: Value

        package init(_ pattern: String, _ value: Value) {
            self.pattern = pattern
            self.value = value
        }
    }

    package var entries: [Entry]

    package init(_ entries: [Entry] = []) {
        self.entries = entries
    }

    /// Source: PEFT, `get_pattern_key`.
    func value(of name: String, _ key: String) throws -> Value? {
        try entries.first { entry in
            try ModulePattern("(?:.*\\.)?(?:\(entry.pattern))", at: key).matches(name)
        }?.value
    }
}
