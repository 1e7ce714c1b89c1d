import Diagnostics
import Options
import Yams

/// YAML text, and its place.
struct YAMLText {
    package let text: String
    /// How a message names a line (counted from 1) of the text.
    package let place: (_ line: Int) -> String

    package init(_ text: String, place: @escaping (_ line: Int) -> String) {
        self.text = text
        self.place = place
    }

    /// The root of the one document; nil where the text is empty.
    ///
    /// - Throws: A usage `Failure` with the line of the error.
    package func node() throws -> Node? {
        try refuseManyAliases()
        do {
            return try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw failure(error)
        }
    }

    /// The most aliases in a text. A few hundred bytes of aliases of aliases (`[*a, *a, *a]`) can
    /// mean billions of values, all of which the parser visits where they are keys. So many are no
    /// recipe.
    private static let maximumAliasCount = 16

    /// Counts what looks like anchors and aliases, quoted or not.
    private func refuseManyAliases() throws {
        var (anchors, aliases, last) = (0, 0, UInt8(ascii: " "))
        for byte in text.utf8 {
            if " \t\r\n[{,:-?".utf8.contains(last) {
                if byte == UInt8(ascii: "&") { anchors += 1 }
                if byte == UInt8(ascii: "*") { aliases += 1 }
            }
            last = byte
        }
        guard anchors > 0, aliases > Self.maximumAliasCount else { return }
        throw Failure(
            "the YAML is too intricate", expected: "at most \(Self.maximumAliasCount) aliases",
            got: "\(aliases)", at: place(1), remedy: "write the values out", kind: .usage)
    }

    private func failure(_ error: YamlError) -> Failure {
        switch error {
        case .duplicatedKeysInMapping(let keys, let context):
            return Failure(
                "the key \(keys.joined(separator: ", ")) stands twice in one block",
                at: place(context.mark.line), remedy: "keep one of them", kind: .usage)
        case .scanner(let context, let problem, let mark, _),
            .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let problem = [context?.text, problem].compactMap { $0 }.joined(separator: ", ")
            return syntaxFailure(problem, line: mark.line)
        case .reader(let problem, _, _, _):
            return syntaxFailure(problem, line: 1)
        default:
            return syntaxFailure("\(error)", line: 1)
        }
    }

    private func syntaxFailure(_ problem: String, line: Int) -> Failure {
        Failure(
            "wrong YAML syntax: \(problem)", at: place(line),
            remedy: "correct it, or quote text that holds special characters", kind: .usage)
    }
}

/// A value, and the line of its key.
struct KeyedNode {
    package let value: Node
    package let line: Int
}

extension RecipeFile {
    /// The keys of a mapping in file order.
    func pairs(of node: Node, as what: String) throws -> [(key: String, node: KeyedNode)] {
        guard let mapping = node.mapping else {
            let value = OptionValue(node)?.quotedDescription ?? "nested values"
            // A text that was named as the recipe would fill the terminal.
            let got = value.count > 80 ? value.prefix(80) + "..." : value
            throw Failure(
                what, expected: "keys with values", got: got, at: "\(name):\(line(of: node))",
                remedy: "write `key: value` lines, indented inside a block", kind: .usage)
        }
        return try mapping.map { key, value in
            guard let text = key.scalar?.string else {
                throw Failure(
                    what, expected: "names as keys", got: "a list or keys",
                    at: "\(name):\(line(of: key))", remedy: "write `key: value` lines",
                    kind: .usage)
            }
            return (text, KeyedNode(value: value, line: line(of: key)))
        }
    }

    private func line(of node: Node) -> Int { node.mark?.line ?? 1 }
}

extension OptionValue {
    /// Reads a node; nil where it is neither a scalar nor a list of scalars and of keys with values.
    package init?(_ node: Node) {
        switch node {
        case .scalar(let scalar):
            self = .scalar(scalar.string, isPlain: scalar.style == .plain)
        case .sequence(let sequence):
            let values = sequence.compactMap { Self.element($0) }
            guard values.count == sequence.count else { return nil }
            self = .list(values)
        case .mapping, .alias:
            return nil
        }
    }

    /// An element of a list: a scalar, or keys whose values are scalars or lists of them.
    private static func element(_ node: Node) -> OptionValue? {
        if let scalar = node.scalar {
            return .scalar(scalar.string, isPlain: scalar.style == .plain)
        }
        guard let mapping = node.mapping else { return nil }
        let members = mapping.compactMap { key, value -> Member? in
            guard let key = key.scalar?.string, let value = OptionValue(value),
                !value.holdsMembers
            else { return nil }
            return Member(key: key, value: value)
        }
        return members.count == mapping.count ? .members(members) : nil
    }

    private var holdsMembers: Bool {
        guard case .list(let values) = self else { return false }
        return values.contains { if case .members = $0 { true } else { false } }
    }
}
