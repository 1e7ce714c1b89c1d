import Diagnostics
import JSON
import Yams

extension YAMLText {
    /// The document as JSON. A value of a tag of its own, as `!function`, is an object of that name.
    ///
    /// - Throws: A usage `Failure` for text that is not YAML.
    func json() throws -> JSONValue {
        try node().map { try json(of: $0, depth: 0) } ?? .null
    }

    private static let maximumDepth = 64

    private func json(of node: Node, depth: Int) throws -> JSONValue {
        guard depth < Self.maximumDepth else {
            throw Failure(
                "the YAML is too intricate", expected: "at most \(Self.maximumDepth) levels",
                got: "more", at: place(node.mark?.line ?? 1), kind: .usage)
        }
        switch node {
        case .scalar(let scalar): return value(of: scalar, node)
        case .sequence(let sequence):
            return .array(try sequence.map { try json(of: $0, depth: depth + 1) })
        case .mapping(let mapping):
            return .members(
                try mapping.map { key, value in
                    JSONValue.Member(
                        key: Array((key.scalar?.string ?? "").utf8),
                        value: try json(of: value, depth: depth + 1))
                })
        case .alias: return .null
        }
    }

    private func value(of scalar: Node.Scalar, _ node: Node) -> JSONValue {
        let tag = node.tag.description
        if tag.hasPrefix("!"), tag != "!" { return .object([tag: .string(scalar.string)]) }
        switch Tag.Name(rawValue: tag) {
        case .null: return .null
        case .bool: return node.bool.map(JSONValue.boolean) ?? .string(scalar.string)
        case .int: return node.int.map(JSONValue.integer) ?? .string(scalar.string)
        case .float: return node.float.map(JSONValue.number) ?? .string(scalar.string)
        default: return .string(scalar.string)
        }
    }
}
