/// The ids of a conversation.
package struct EncodedChat: Equatable, Sendable {
    package var ids: [Int32] = []
    /// Whether each id belongs to an answer.
    package var isAnswer: [Bool] = []
}

extension Tokenizer {
    /// Encodes each stretch on its own, so that every border between prompt and answer is one between
    /// tokens, in training as in generation.
    ///
    /// Marks of the template that are tokens of the tokenizer become these, others plain text. A text
    /// outside the vocabulary is a `Failure`.
    package func encode(_ parts: [ChatPart]) throws -> EncodedChat {
        var chat = EncodedChat()
        for (index, part) in parts.enumerated() {
            let count = chat.ids.count
            var text = part.text
            try text.withUTF8 { utf8 in
                if index == 0 {
                    _ = try encode(utf8, malformed: .refused, into: &chat.ids)
                } else {
                    try encodeContinuation(utf8, into: &chat.ids)
                }
            }
            chat.isAnswer += Array(repeating: part.isAnswer, count: chat.ids.count - count)
        }
        return chat
    }
}
