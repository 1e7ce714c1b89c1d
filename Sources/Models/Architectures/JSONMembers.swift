import Diagnostics
import JSON

/// Reads the members of one JSON object by kind; a missing member takes its default.
package struct JSONMembers {
    private let members: [String: JSONValue]
    package let path: String

    package init(_ json: JSONValue, at path: String) throws(Failure) {
        guard let members = json.object else {
            throw Failure(
                "the file is not what it should be", expected: "a JSON object", got: json.summary,
                at: path)
        }
        self.members = members
        self.path = path
    }

    /// nil for a missing member and for null.
    package subscript(key: String) -> JSONValue? {
        members[key].flatMap { $0 == .null ? nil : $0 }
    }

    /// True also for null.
    package func contains(_ key: String) -> Bool { members[key] != nil }

    /// - Parameter allowed: sizes that later products cannot overflow.
    package func integer(
        _ key: String, default value: Int, in allowed: ClosedRange<Int>
    ) throws(Failure) -> Int {
        let integer = self[key] == nil ? value : self[key]?.integer
        guard let integer, allowed.contains(integer) else {
            throw failure(
                key, expected: "an integer from \(allowed.lowerBound) to \(allowed.upperBound)")
        }
        return integer
    }

    package func float(
        _ key: String, default value: Float, expected: String, where isAllowed: (Float) -> Bool
    ) throws(Failure) -> Float {
        let float = self[key] == nil ? value : self[key]?.double.map { Float($0) }
        guard let float, isAllowed(float) else { throw failure(key, expected: expected) }
        return float
    }

    /// A share of activations.
    package func rate(_ key: String, default value: Float) throws(Failure) -> Float {
        try float(key, default: value, expected: "a number from 0 to below 1") {
            $0 >= 0 && $0 < 1
        }
    }

    package func flag(_ key: String, default value: Bool) throws(Failure) -> Bool {
        guard let given = self[key] else { return value }
        guard given == .boolean(true) || given == .boolean(false) else {
            throw failure(key, expected: "true or false")
        }
        return given == .boolean(true)
    }

    /// What a norm adds under its root.
    package func epsilon(_ key: String, default value: Float) throws(Failure) -> Float {
        try float(key, default: value, expected: "a small number above 0") { $0 > 0 && $0 < 1 }
    }

    /// For settings of which only some values are understood.
    package func require(
        _ key: String, default value: JSONValue, oneOf allowed: [JSONValue]
    ) throws(Failure) {
        guard !allowed.contains(self[key] ?? value) else { return }
        let texts = allowed.map { $0.text(isPretty: false) }
        throw failure(key, expected: texts.joined(separator: " or "))
    }

    package func failure(_ key: String, expected: String, remedy: String? = nil) -> Failure {
        Failure(
            "cannot use this model: \(key)", expected: expected,
            got: members[key]?.summary ?? "none", at: path, remedy: remedy)
    }
}
