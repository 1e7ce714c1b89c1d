import Options

/// One thing that answers are rewarded for, as a recipe spells it: `{kind: exact, field: answer, weight: 1}`.
package struct RewardRule: OptionType, Equatable, Sendable {
    package enum Kind: String, OptionChoice {
        /// 1 where the answer is the text of a field, apart from white space around it.
        case exact
        /// 1 where the last number of the answer is that of a field.
        case number
        /// 1 where a pattern, in a field or a file, is found in the answer.
        case regex
        /// 1 where the answer is JSON of a schema, in a field or a file.
        case jsonSchema = "json_schema"
        /// How near the length of the answer is to that in a field, from 0 to 1; without a field the share of
        /// maximum_new_tokens that it leaves.
        case length
        /// What a reward model gives the answer.
        case model
        /// What a command of the user's gives it.
        case command
    }

    package var kind: Kind
    /// The field of a prompt's record that says what is wanted.
    package var field: String?
    /// A file, a reward model, or a command.
    package var path: String?
    package var weight = 1.0
    /// The seconds that a command may take for the answers of a step.
    package var timeoutSeconds = 60.0

    package init(_ kind: Kind, field: String? = nil, path: String? = nil) {
        (self.kind, self.field, self.path) = (kind, field, path)
    }

    package init?(_ value: OptionValue) {
        guard case .members(let members) = value,
            let kind = members.first(where: { $0.key == "kind" }).flatMap({ Kind($0.value) })
        else { return nil }
        self.init(kind)
        for member in members where member.key != "kind" {
            if ["field", "path", "timeout_seconds"].contains(member.key), member.value.isNull {
                continue
            }
            switch member.key {
            case "field": field = String(member.value)
            case "path": path = String(member.value)
            case "weight":
                guard let number = Double(member.value), number != 0 else { return nil }
                weight = number
            case "timeout_seconds":
                guard let number = Double(member.value), number > 0 else { return nil }
                timeoutSeconds = number
            default: return nil
            }
        }
        guard isWhole else { return nil }
    }

    /// Whether there is what the kind needs, and nothing else.
    private var isWhole: Bool {
        switch kind {
        case .exact, .number: field != nil && path == nil
        case .regex, .jsonSchema: (field == nil) != (path == nil)
        case .length: path == nil
        case .model, .command: field == nil && path != nil
        }
    }

    package var optionValue: OptionValue {
        var members: [OptionValue.Member] = [.init(key: "kind", value: kind.optionValue)]
        if let field { members.append(.init(key: "field", value: field.optionValue)) }
        if let path { members.append(.init(key: "path", value: path.optionValue)) }
        members.append(.init(key: "weight", value: weight.optionValue))
        if kind == .command {
            members.append(.init(key: "timeout_seconds", value: timeoutSeconds.optionValue))
        }
        return .members(members)
    }

    package static var expectation: String {
        "a reward such as {kind: exact, field: answer}, {kind: number, field: answer}, {kind: regex, "
            + "path: pattern.txt}, {kind: json_schema, path: schema.json}, {kind: length, "
            + "weight: 0.1}, {kind: model, path: DIR} or {kind: command, path: ./score.py}"
    }

    /// The file that it reads; nil for none, and for a command, which is the shell's.
    var file: String? { kind == .command ? nil : path }
}

extension [RewardRule] {
    /// A name for each, under which its metrics stand: its kind, with a number from the second of a kind on.
    var names: [String] {
        indices.map { index in
            let before = self[..<index].count { $0.kind == self[index].kind }
            return self[index].kind.rawValue + (before > 0 ? "_\(before + 1)" : "")
        }
    }
}
