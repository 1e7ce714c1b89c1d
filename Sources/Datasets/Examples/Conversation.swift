import Tokenizers

/// Messages to learn from, and where they stand.
package struct Conversation: Equatable, Sendable {
    package var messages: [ChatMessage]
    /// The file and the line.
    package var place: String

    package init(messages: [ChatMessage], place: String) {
        self.messages = messages
        self.place = place
    }
}
