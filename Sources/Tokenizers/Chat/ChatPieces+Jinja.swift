import JSON

extension ChatPieces {
    /// The template of these pieces in the language of `chat_template`, from which `apply_chat_template` of
    /// transformers makes the same text.
    var jinja: String {
        let body = [
            Self.write(Self.quoted(prefix)), defaultSystemLines,
            ["{%- for message in messages %}"],
            Self.branch("if", .system), Self.systemCheck,
            Self.write(content(systemBegin, systemEnd)),
            Self.branch("elif", .user), userLines,
            Self.branch("elif", .assistant),
            Self.write(
                content(
                    assistantBegin + answerBegin,
                    answerEnd + assistantEnd)),
            Self.unknownRole, ["{%- endfor %}"],
        ]
        let prompt = Self.write(Self.quoted(assistantBegin))
        let end =
            prompt.isEmpty ? [] : ["{%- if add_generation_prompt %}"] + prompt + ["{%- endif %}"]
        return (body.joined() + end).joined(separator: "\n")
    }

    private static let roleOfFirst = #"messages[0]["role"]"#

    private static let systemCheck = [
        "{%- if not loop.first %}",
        #"{{- raise_exception("the system message is not the first") }}"#, "{%- endif %}",
    ]

    private static let unknownRole = [
        "{%- else %}", #"{{- raise_exception("unknown role " + message["role"]) }}"#,
        "{%- endif %}",
    ]

    private static func branch(_ word: String, _ role: ChatRole) -> [String] {
        [#"{%- \#(word) message["role"] == "\#(role.rawValue)" %}"#]
    }

    private var defaultSystemLines: [String] {
        guard !defaultSystem.isEmpty else { return [] }
        let text = systemBegin + defaultSystem + systemEnd
        return [#"{%- if \#(Self.roleOfFirst) != "system" %}"#] + Self.write(Self.quoted(text))
            + ["{%- endif %}"]
    }

    private var userLines: [String] {
        let usual = Self.write(content(userBegin, userEnd))
        guard let begin = userBeginAfterSystem else { return usual }
        let first = defaultSystem.isEmpty ? "" : "loop.first or "
        let condition = #"\#(first)loop.index0 == 1 and \#(Self.roleOfFirst) == "system""#
        return ["{%- if \(condition) %}"] + Self.write(content(begin, userEnd))
            + ["{%- else %}"] + usual + ["{%- endif %}"]
    }

    private func content(_ before: String, _ after: String) -> String {
        [Self.quoted(before), #"message["content"]"#, Self.quoted(after)]
            .filter { !$0.isEmpty }.joined(separator: " + ")
    }

    /// The text as a string of Jinja, which knows the escapes of JSON; nothing for an empty text.
    private static func quoted(_ text: String) -> String {
        text.isEmpty ? "" : JSONValue.quoted(text)
    }

    private static func write(_ expression: String) -> [String] {
        expression.isEmpty ? [] : ["{{- \(expression) }}"]
    }
}
