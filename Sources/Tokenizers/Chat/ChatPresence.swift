import Diagnostics
import JSON

/// Makes sure that a template shows what a conversation holds beyond questions and answers: the text of
/// systems and tools, calls of functions, and the functions that may be called.
///
/// What makes no difference to the rendered text is not in it. A template that refuses the conversation
/// without it shows it.
struct ChatPresence {
    private let rendering: ChatRendering
    private let name: String

    init(_ rendering: ChatRendering, name: String) {
        self.rendering = rendering
        self.name = name
    }

    /// - Parameter text: the messages as rendered.
    /// - Throws: `Failure` for what is passed over.
    func require(_ messages: [JSONValue], in text: String) throws {
        if !rendering.tools.isNull {
            var without = rendering
            without.tools = .null
            if (try? without.text(of: messages)) == text { throw failure("the tools") }
        }
        for (index, message) in messages.enumerated() {
            let role = message["role"]?.string ?? ""
            if role != ChatRole.user.rawValue, role != ChatRole.assistant.rawValue,
                isShown(messages, index, Self.withOtherText, text) == false
            {
                throw failure("the message of a \(role)")
            }
            for change in [Self.withoutCalls, Self.withOtherArguments]
            where isShown(messages, index, change, text) == false {
                throw failure("the tool_calls of a message")
            }
        }
    }

    /// Whether the text differs where a message is another; nil where there is nothing to change.
    private func isShown(
        _ messages: [JSONValue], _ index: Int, _ change: (JSONValue) -> JSONValue?, _ text: String
    ) -> Bool? {
        guard let other = change(messages[index]) else { return nil }
        var messages = messages
        messages[index] = other
        return (try? rendering.text(of: messages)) != text
    }

    private func failure(_ what: String) -> Failure {
        Failure(
            "the chat template passes over \(what)",
            expected: "a template that shows all of a record",
            got: name, remedy: "name another template, or leave the record out")
    }

    // MARK: Changes

    private static func withOtherText(_ message: JSONValue) -> JSONValue? {
        let content = message["content"]?.string ?? ""
        return content.isEmpty ? nil : message.replacing("content", with: .string(content + "A1"))
    }

    private static func withoutCalls(_ message: JSONValue) -> JSONValue? {
        guard let members = message.members, message["tool_calls"] != nil else { return nil }
        return .members(members.filter { !$0.key.elementsEqual("tool_calls".utf8) })
    }

    private static func withOtherArguments(_ message: JSONValue) -> JSONValue? {
        guard let calls = message["tool_calls"]?.array else { return nil }
        let others = calls.map { call in
            guard let function = call["function"], function["arguments"] != nil else { return call }
            return call.replacing(
                "function", with: function.replacing("arguments", with: ["A1": "B2"]))
        }
        return others == calls ? nil : message.replacing("tool_calls", with: .array(others))
    }
}

extension JSONValue {
    /// The object with another value under a name that it has.
    fileprivate func replacing(_ name: String, with value: JSONValue) -> JSONValue {
        .members(
            (members ?? []).map { member in
                member.key.elementsEqual(name.utf8) ? Member(key: member.key, value: value) : member
            })
    }
}
