/// The texts that a chat template puts around the messages of a conversation.
///
///     prefix
///     systemBegin     CONTENT systemEnd
///     userBegin       CONTENT userEnd
///     assistantBegin |answerBegin CONTENT answerEnd| assistantEnd
///
/// The text between the bars is the answer: the model learns it and generates it.
package struct ChatPieces: Equatable, Sendable {
    /// The text before all messages, such as the token that texts begin with.
    package var prefix = ""
    /// The content of the system message of a conversation that has none; empty for no message.
    package var defaultSystem = ""
    package var systemBegin = ""
    package var systemEnd = ""
    package var userBegin = ""
    /// The text in place of `userBegin` right after a system message; nil for the same text.
    package var userBeginAfterSystem: String?
    package var userEnd = ""
    package var assistantBegin = ""
    package var answerBegin = ""
    /// The text that ends an answer: the model learns to write it, and a generated answer stops
    /// there.
    package var answerEnd = ""
    package var assistantEnd = ""
    /// The text between an instruction and its input, in records that have both.
    package var inputBegin = "\n\n"

    package init() {}
}
