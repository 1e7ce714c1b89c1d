/// A part of a message that holds the keys of a recipe as values, so that they can be named as the
/// user spells them: `FailureText("\(key: "train.lanes") does not divide the batch")`.
package struct FailureText: Equatable, Sendable, ExpressibleByStringInterpolation {
    fileprivate enum Part: Equatable, Sendable {
        case text(String)
        case key(String)
    }

    private var parts: [Part]

    package init(stringLiteral value: String) { parts = [.text(value)] }

    package init(stringInterpolation: StringInterpolation) { parts = stringInterpolation.parts }

    package init(_ text: FailureText) { self = text }

    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var parts: [Part] = []

        package init(literalCapacity: Int, interpolationCount: Int) {}

        package mutating func appendLiteral(_ literal: String) { parts.append(.text(literal)) }

        package mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            parts.append(.text(value.description))
        }

        /// Appends the full path of a key, as in "train.lanes".
        package mutating func appendInterpolation(key: String) { parts.append(.key(key)) }

        package mutating func appendInterpolation(_ text: FailureText) { parts += text.parts }
    }

    /// The keys that the text names, in its order.
    package var keys: [String] {
        parts.compactMap { if case .key(let key) = $0 { key } else { nil } }
    }

    /// The text with other names for its keys.
    package func renamingKeys(_ name: (String) -> String) -> FailureText {
        var renamed = self
        renamed.parts = parts.map { part in
            if case .key(let key) = part { .key(name(key)) } else { part }
        }
        return renamed
    }

    package static func + (left: FailureText, right: FailureText) -> FailureText {
        var sum = left
        sum.parts += right.parts
        return sum
    }
}

extension Sequence<FailureText> {
    package func joined(separator: FailureText) -> FailureText {
        var parts = makeIterator()
        var all: FailureText = parts.next() ?? ""
        while let part = parts.next() { all = all + separator + part }
        return all
    }
}

extension FailureText: CustomStringConvertible {
    package var description: String {
        parts.map { part in
            switch part {
            case .text(let text), .key(let text): text
            }
        }.joined()
    }
}

extension FailureText {
    /// The marks around a key on the way to another rank.
    private static let marks: (start: Character, end: Character) = ("\u{1}", "\u{2}")

    /// The text as one string, with its keys between marks.
    package var encoded: String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .key(let key): "\(Self.marks.start)\(key)\(Self.marks.end)"
            }
        }.joined()
    }

    /// Reads what `encoded` wrote.
    package init(encoded: String) {
        parts = []
        var rest = encoded[...]
        while let start = rest.firstIndex(of: Self.marks.start) {
            let after = rest[rest.index(after: start)...]
            guard let end = after.firstIndex(of: Self.marks.end) else { break }
            parts += [.text(String(rest[..<start])), .key(String(after[..<end]))]
            rest = after[after.index(after: end)...]
        }
        parts.append(.text(String(rest)))
    }
}

/// A text that a `Failure` takes: a string, or one that names keys.
package protocol FailureTextConvertible {
    var failureText: FailureText { get }
}

extension String: FailureTextConvertible {
    package var failureText: FailureText { FailureText(stringLiteral: self) }
}

extension FailureText: FailureTextConvertible {
    package var failureText: FailureText { self }
}
