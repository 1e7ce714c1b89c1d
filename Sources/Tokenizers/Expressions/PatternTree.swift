import Diagnostics

/// A regular expression as a tree of what texts consist of, for those who write texts by it.
package indirect enum PatternTree: Equatable, Sendable {
    case empty
    /// One code point of some ranges.
    case set([ClosedRange<UInt32>])
    case sequence([PatternTree])
    case alternatives([PatternTree])
    /// A repeat; the maximum is nil where there is none.
    case repeated(PatternTree, minimum: Int, maximum: Int?)
    /// The beginning and the end of the text.
    case start, end

    /// Reads a pattern; `\d`, `\w` and `\s` mean ASCII.
    ///
    /// - Throws: `Failure` for look-around, borders of words and what else texts cannot be written by.
    package init(_ pattern: String, at place: String) throws {
        let ascii = Self.withClasses(of: pattern)
        var parser = ExpressionParser(ascii, .rust, at: place)
        self = try Self.tree(of: try parser.parse()) {
            Failure(
                "cannot write by the pattern", expected: "classes, groups, alternatives, repeats",
                got: $0, at: "'\(pattern.prefix(200))' of \(place)")
        }
    }

    private static func tree(
        of node: ExpressionNode, _ refusal: (String) -> Failure
    ) throws -> PatternTree {
        switch node {
        case .empty: return .empty
        case .set(let set): return .set(set.ranges)
        case .sequence(let nodes): return .sequence(try nodes.map { try tree(of: $0, refusal) })
        case .alternatives(let nodes):
            return .alternatives(try nodes.map { try tree(of: $0, refusal) })
        case .repeated(let node, let minimum, let maximum, let greed):
            guard greed != .possessive else { throw refusal("a repeat that gives nothing back") }
            return .repeated(try tree(of: node, refusal), minimum: minimum, maximum: maximum)
        case .border(.textStart): return .start
        case .border(.textEnd), .border(.textEndOrLastBreak): return .end
        case .border: throw refusal("a border within the text")
        case .atomic: throw refusal("an atomic group")
        case .look: throw refusal("look-around")
        }
    }

    /// The pattern with classes of ASCII in place of those of Unicode.
    private static func withClasses(of pattern: String) -> String {
        let classes: [Character: String] = ["d": "0-9", "w": "A-Za-z0-9_", "s": " \\t\\n\\r"]
        var result = ""
        var isInClass = false
        var characters = pattern.makeIterator()
        while let character = characters.next() {
            guard character == "\\", let next = characters.next() else {
                if character == "[" { isInClass = true }
                if character == "]" { isInClass = false }
                result.append(character)
                continue
            }
            if let members = classes[next] {
                result += isInClass ? members : "[\(members)]"
            } else if let members = classes[Character(next.lowercased())], next.isUppercase,
                !isInClass
            {
                result += "[^\(members)]"
            } else if next == "/" || next == "-" && !isInClass {
                result.append(next)
            } else {
                result += "\\\(next)"
            }
        }
        return result
    }
}
