import Diagnostics

/// What the rendering of a template may cost: a template is a program of whoever made the model.
final class JinjaLimits {
    /// Expressions and statements.
    private static let maximumSteps = 1_000_000
    /// Bytes of a text, and of the texts in a value with 32 for each value in it.
    static let maximumSize = 4 << 20
    /// Bytes of all texts that are made on the way.
    private static let maximumWork = 64 << 20
    /// Expressions and macros inside each other.
    private static let maximumDepth = 500
    private static let maximumCalls = 32

    private var steps = 0
    private var work = 0
    private var depth = 0
    private var calls = 0

    func step(_ count: Int = 1) throws {
        steps += count
        guard steps <= Self.maximumSteps else {
            throw exceeded("at most \(Self.maximumSteps) steps")
        }
    }

    /// Accounts for a text or list that is about to be made.
    func make(_ size: Int) throws {
        guard size <= Self.maximumSize else {
            throw exceeded("texts of at most \(Self.maximumSize) bytes")
        }
        work += size
        guard work <= Self.maximumWork else {
            throw exceeded("at most \(Self.maximumWork) bytes of texts on the way")
        }
    }

    /// Accounts for a value that was made.
    func made(_ value: JinjaValue) throws -> JinjaValue {
        switch value {
        case .string(let text): try make(text.utf8.count)
        case .list, .tuple, .dictionary: try make(weight(of: value))
        default: break
        }
        return value
    }

    /// The bytes of a value with all that is in it, as often as it is in it: what it would take to print
    /// or to compare it. The count itself is accounted for.
    @discardableResult
    func weight(of value: JinjaValue) throws -> Int {
        var weight = 0
        try add(value, to: &weight)
        try step(weight / 256)
        return weight
    }

    private func add(_ value: JinjaValue, to weight: inout Int) throws {
        weight += 32 + (value.string?.utf8.count ?? 0)
        guard weight <= Self.maximumSize else { return try make(weight) }
        switch value {
        case .list(let values), .tuple(let values):
            for value in values { try add(value, to: &weight) }
        case .dictionary(let dictionary):
            for member in dictionary.members {
                try add(member.key, to: &weight)
                try add(member.value, to: &weight)
            }
        default: break
        }
    }

    func nested<Result>(_ body: () throws -> Result) throws -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else {
            throw exceeded("at most \(Self.maximumDepth) expressions inside each other")
        }
        return try body()
    }

    func called<Result>(_ body: () throws -> Result) throws -> Result {
        calls += 1
        defer { calls -= 1 }
        guard calls <= Self.maximumCalls else {
            throw exceeded("at most \(Self.maximumCalls) calls inside each other")
        }
        return try body()
    }

    private func exceeded(_ expected: String) -> Failure {
        Failure(
            "the chat template takes too much to render", expected: expected, got: "more",
            remedy: "name another with --template")
    }
}
