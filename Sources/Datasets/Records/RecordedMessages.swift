import Diagnostics
import JSON
import Tokenizers

/// Messages as records spell them, as a template sees them.
///
/// A message has its speaker under `role` or `from`, and its text under `content` or `value`: a text,
/// null beside calls of functions, or a list of parts that are texts. `weight` is 1, or 0 for an answer
/// that is not learnt. The arguments of calls become objects where they are JSON in a text. Fields that
/// the template names are its own; the others are noted.
struct RecordedMessages {
    private let columns: RecordColumns
    private let place: String
    private let mentions: (String) -> Bool
    /// The record, which learns of what is not read.
    private let record: RecordFields

    init(
        columns: RecordColumns, place: String, mentions: @escaping (String) -> Bool,
        _ record: RecordFields
    ) {
        self.columns = columns
        self.place = place
        self.mentions = mentions
        self.record = record
    }

    func messages(_ list: [JSONValue]) throws(Failure) -> [TemplateMessage] {
        var messages: [TemplateMessage] = []
        for value in list { messages.append(try message(RecordFields(value, at: place))) }
        return messages
    }

    private func message(_ fields: RecordFields) throws(Failure) -> TemplateMessage {
        let roleName = name(.role, fields)
        let word = try fields.needed(roleName)
        guard let role = Self.roles[word.lowercased()] else {
            throw fields.failure(
                "\(roleName) \(Self.roles.keys.sorted().joined(separator: ", "))", "\"\(word)\"")
        }
        var isLearnt = true
        if let weight = try fields.value("weight") {
            guard weight.double == 0 || weight.double == 1 else {
                throw fields.failure("0 or 1 as weight", weight.summary)
            }
            isLearnt = weight.double == 1
        }
        var members = try role == .call ? call(fields) : said(role, fields)
        for (name, value) in fields.unread {
            if mentions(name) {
                _ = try fields.value(name)
                members.append(.init(key: Array(name.utf8), value: value))
            } else {
                record.noteUnread("\(name) of messages")
            }
        }
        return TemplateMessage(json: .members(members), isLearnt: isLearnt)
    }

    private func name(_ part: RecordColumns.Part, _ fields: RecordFields) -> String {
        let names = columns.names(of: part)
        return names.first(where: fields.isThere) ?? names[0]
    }

    // MARK: Roles

    private enum Role: String {
        case system, user, assistant, tool, developer
        /// A call that is the whole message.
        case call
    }

    /// The words for a role that published files use.
    private static let roles: [String: Role] = [
        "system": .system, "developer": .developer, "user": .user, "human": .user,
        "assistant": .assistant, "gpt": .assistant, "chatgpt": .assistant, "model": .assistant,
        "bot": .assistant, "tool": .tool, "function": .tool, "observation": .tool,
        "function_call": .call,
    ]

    /// The role as the template knows it: a developer speaks as the system where it knows none.
    private func word(for role: Role) -> String {
        role == .developer && !mentions(role.rawValue) ? Role.system.rawValue : role.rawValue
    }

    // MARK: Contents

    private func said(
        _ role: Role, _ fields: RecordFields
    ) throws(Failure) -> [JSONValue.Member] {
        let calls = try role == .assistant ? self.calls(fields) : []
        let contentName = name(.content, fields)
        var content = JSONValue.null
        if calls.isEmpty || fields.holds(contentName) {
            content = .string(try text(contentName, fields))
        } else {
            _ = try fields.value(contentName)
        }
        return [
            .init(key: Array("role".utf8), value: .string(word(for: role))),
            .init(key: Array("content".utf8), value: content),
        ] + (calls.isEmpty ? [] : [Self.member(calls)])
    }

    /// A text, or parts that are texts, one behind the other.
    private func text(_ name: String, _ fields: RecordFields) throws(Failure) -> String {
        guard let parts = try fields.value(name)?.array else { return try fields.needed(name) }
        var text = ""
        for part in parts {
            let kind = part["type"]?.string ?? "text"
            guard kind == "text", let own = part.string ?? part["text"]?.string else {
                throw fields.failure("parts of text as \(name)", "a part of type \(kind)")
            }
            text += own
        }
        return text
    }

    // MARK: Calls

    private static func member(_ calls: [JSONValue]) -> JSONValue.Member {
        .init(key: Array("tool_calls".utf8), value: .array(calls))
    }

    /// The calls beside the text of an answer, under `tool_calls` or, as of before, `function_call`.
    private func calls(_ fields: RecordFields) throws(Failure) -> [JSONValue] {
        var calls = try fields.list("tool_calls") ?? []
        if let old = try fields.value("function_call") { calls.append(old) }
        return try calls.map { call throws(Failure) in try self.call(call, fields) }
    }

    /// The message whose text is a call, or a list of calls, as JSON.
    private func call(_ fields: RecordFields) throws(Failure) -> [JSONValue.Member] {
        let contentName = name(.content, fields)
        let text = try fields.needed(contentName)
        let value = try JSONValue(parsing: Array(text.utf8), at: "\(place), \(contentName)")
        let calls = try (value.array ?? [value]).map { call throws(Failure) in
            try self.call(call, fields)
        }
        return [
            .init(key: Array("role".utf8), value: .string(Role.assistant.rawValue)),
            .init(key: Array("content".utf8), value: .null), Self.member(calls),
        ]
    }

    /// A call as templates know it: `{"type": "function", "function": {"name", "arguments"}}`.
    private func call(_ call: JSONValue, _ fields: RecordFields) throws(Failure) -> JSONValue {
        let isWrapped = call["function"]?.members != nil
        let function = isWrapped ? call["function"] ?? .null : call
        guard function["name"]?.string != nil, var members = function.members else {
            throw fields.failure("calls with the name of a function", function.summary)
        }
        for index in members.indices where members[index].key.elementsEqual("arguments".utf8) {
            guard let text = members[index].value.bytes,
                let value = try? JSONValue(parsing: text, at: place), value.members != nil
            else { continue }
            members[index].value = value
        }
        guard isWrapped, var outer = call.members else {
            return ["type": "function", "function": .members(members)]
        }
        for index in outer.indices where outer[index].key.elementsEqual("function".utf8) {
            outer[index].value = .members(members)
        }
        return .members(outer)
    }
}
