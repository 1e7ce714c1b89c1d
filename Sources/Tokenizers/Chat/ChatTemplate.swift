import Diagnostics
import JSON
import Jinja

/// How a conversation becomes the one text that a model sees: a template in Jinja, of the model's makers
/// or made of pieces.
package struct ChatTemplate: Equatable, Sendable {
    package let name: String
    /// What the template is made of; nil where it came as Jinja.
    let pieces: ChatPieces?
    /// The texts of special tokens by the names of transformers: bos_token, eos_token and others.
    let tokens: [String: String]
    /// The text that ends an answer: the model learns to write it, and a generated answer stops
    /// there; empty where the template has none.
    package let answerEnd: String
    /// The text between the end of an answer and the next turn.
    let afterAnswer: String
    private let template: JinjaTemplate

    /// The texts at which a generated answer stops, besides the ends of text.
    package var stops: [String] { answerEnd.isEmpty ? [] : [answerEnd] }

    /// The end of an answer without the space around it, which is a token of its own in most models.
    package var answerEndToken: [UInt8] {
        let spaces: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]
        let end = answerEnd.utf8.drop { spaces.contains($0) }
        return Array(end.reversed().drop { spaces.contains($0) }.reversed())
    }

    /// The text between an instruction and its input, in records that have both.
    package var inputBegin: String { (pieces ?? ChatPieces()).inputBegin }

    /// The template in the language of `chat_template`, from which `apply_chat_template` of
    /// transformers makes the same text.
    package var jinja: String { template.source }

    package static func == (a: ChatTemplate, b: ChatTemplate) -> Bool {
        a.name == b.name && a.pieces == b.pieces && a.tokens == b.tokens && a.jinja == b.jinja
    }

    /// - Throws: a usage `Failure` for pieces without an end of the answer: a model would never learn
    ///   to stop.
    package init(name: String, pieces: ChatPieces) throws {
        self.name = name
        self.pieces = pieces
        tokens = [:]
        (answerEnd, afterAnswer) = (pieces.answerEnd, pieces.assistantEnd)
        template = try JinjaTemplate(pieces.jinja)
        try requireEnd()
    }

    /// A template as a model brings it.
    ///
    /// - Parameters:
    ///   - tokens: what it calls bos_token, eos_token and others.
    ///   - marks: the texts of all special tokens, the first of which ends an answer.
    /// - Throws: `Failure` for what is no template.
    package init(
        name: String, jinja: String, tokens: [String: String], marks: Set<String> = []
    ) throws {
        self.name = name
        pieces = nil
        self.tokens = tokens
        template = try JinjaTemplate(jinja)
        let rendering = ChatRendering(template, tokens: tokens)
        (answerEnd, afterAnswer) = rendering.end(marks: marks.union(tokens.values))
    }

    /// - Throws: a usage `Failure` for a template that does not end answers: a model would never learn
    ///   to stop.
    package func requireEnd() throws {
        guard answerEnd.isEmpty else { return }
        throw Failure(
            "the chat template has no end", expected: "a text that ends each answer",
            got: pieces == nil ? "nothing behind the last answer" : "an empty answer_end",
            at: "template \(name)",
            remedy: "give it an answer_end, such as the tokenizer's end of text", kind: .usage)
    }

    /// The text of a conversation, in stretches: neighbours differ in whether they are an answer.
    ///
    /// The date that a template may ask for is always the same: what is learnt does not depend on the day.
    ///
    /// - Throws: `Failure` for no message, for what the template refuses, and where it does not show
    ///   where the answers are.
    package func parts(of messages: [ChatMessage]) throws -> [ChatPart] {
        try parts(of: messages.map { TemplateMessage($0) })
    }

    /// As above, of messages as records have them: answers that are not to be learnt are like any other
    /// text.
    ///
    /// - Parameter tools: descriptions of functions, as JSON schemas; null for none.
    /// - Throws: `Failure` also where the template passes over tools, calls, or the text of a system or
    ///   a tool.
    package func parts(
        of messages: [TemplateMessage], tools: JSONValue = .null
    ) throws -> [ChatPart] {
        guard !messages.isEmpty else { throw Self.noMessage }
        var rendering = ChatRendering(template, tokens: tokens, date: .ofExamples)
        rendering.tools = tools
        let values = messages.map(\.json)
        let parts = try ChatAnswers(rendering, end: answerEnd, after: afterAnswer)
            .parts(of: values, isLearnt: messages.map(\.isLearnt))
        try ChatPresence(rendering, name: name).require(values, in: parts.map(\.text).joined())
        return parts
    }

    /// Whether the template has a use for a name, such as that of a field of messages.
    package func mentions(_ name: String) -> Bool { jinja.contains(name) }

    /// The text after which the model writes its answer to these messages.
    ///
    /// - Throws: `Failure` for no message, and for what the template refuses.
    package func prompt(after messages: [ChatMessage]) throws -> [ChatPart] {
        guard !messages.isEmpty else { throw Self.noMessage }
        let rendering = ChatRendering(template, tokens: tokens, date: .now)
        let text = try rendering.text(of: messages.map(\.json), isPrompt: true)
        return text.isEmpty ? [] : [ChatPart(text, isAnswer: false)]
    }

    /// The text of messages as records have them, with what else the template may ask for.
    ///
    /// - Parameters:
    ///   - tools: descriptions of functions, as JSON schemas; null for none.
    ///   - variables: names of this template, such as `enable_thinking`.
    package func text(
        of messages: [JSONValue], tools: JSONValue = .null, variables: [String: JSONValue] = [:],
        isPrompt: Bool = false, date: TemplateDate = .now
    ) throws -> String {
        var rendering = ChatRendering(template, tokens: tokens, date: date)
        (rendering.tools, rendering.variables) = (tools, variables)
        return try rendering.text(of: messages, isPrompt: isPrompt)
    }

    private static let noMessage = Failure("the conversation has no message")
}
