import JSON
import Jinja

/// Renders conversations by a template, with the names that transformers gives it.
struct ChatRendering {
    private let template: JinjaTemplate
    private let tokens: [String: String]
    private let date: TemplateDate
    /// The functions that the model may call; null for none.
    var tools = JSONValue.null
    /// Names of this template.
    var variables: [String: JSONValue] = [:]

    init(_ template: JinjaTemplate, tokens: [String: String], date: TemplateDate = .ofExamples) {
        self.template = template
        self.tokens = tokens
        self.date = date
    }

    /// - Parameter isPrompt: whether the beginning of an answer follows.
    func rendering(
        of messages: [JSONValue], isPrompt: Bool = false
    ) throws -> JinjaTemplate.Rendering {
        var values = tokens.mapValues { JSONValue.string($0) }.merging(variables) { $1 }
        values["messages"] = .array(messages)
        values["tools"] = tools
        values["documents"] = .null
        values["add_generation_prompt"] = .boolean(isPrompt)
        return try template.render(values, date: date)
    }

    func text(of messages: [JSONValue], isPrompt: Bool = false) throws -> String {
        try rendering(of: messages, isPrompt: isPrompt).text
    }

    // MARK: Ends

    private static let question = ChatMessage(.user, "Q").json
    private static let answer = "The answer: 7."

    /// What follows an answer: the text that ends it, and what comes then. Both are empty where nothing
    /// follows, or the template shows no answer.
    ///
    /// The end reaches to the first special token, else to the last character that is no white space.
    func end(marks: Set<String>) -> (end: String, after: String) {
        let messages = [Self.question, ChatMessage(.assistant, Self.answer).json]
        guard let text = try? text(of: messages) else { return ("", "") }
        let string = JinjaString(text)
        guard let place = string.lastRange(of: Self.answer) else { return ("", "") }
        let tail = JinjaString(string.scalars[place.upperBound...])
        let first = marks.filter { !$0.isEmpty }.compactMap { tail.range(of: $0) }
            .min { ($0.lowerBound, -$0.upperBound) < ($1.lowerBound, -$1.upperBound) }
        let inked = tail.scalars.lastIndex { !$0.isJinjaSpace }.map { $0 + 1 }
        let count = first?.upperBound ?? inked ?? tail.scalars.count
        return (
            JinjaString(tail.scalars[..<count]).text, JinjaString(tail.scalars[count...]).text
        )
    }
}
