import JSON

/// A message as a template sees it: an object with `role`, `content` and what else the template reads.
package struct TemplateMessage: Equatable, Sendable {
    package var json: JSONValue
    /// Whether an answer is to be learnt.
    package var isLearnt: Bool

    package init(json: JSONValue, isLearnt: Bool = true) {
        self.json = json
        self.isLearnt = isLearnt
    }

    package init(_ message: ChatMessage, isLearnt: Bool = true) {
        self.init(json: message.json, isLearnt: isLearnt)
    }

    /// The speaker.
    package var role: String { json["role"]?.string ?? "" }
}
