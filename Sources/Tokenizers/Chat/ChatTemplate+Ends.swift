extension ChatTemplate {
    /// The ends of texts, with that of answers where it is one token.
    package func ends(for tokenizer: any Tokenizer) -> EndOfText {
        var ends = tokenizer.endOfText
        let scalars = answerEnd.unicodeScalars.drop { $0.properties.isWhitespace }
        let last = scalars.lastIndex { !$0.properties.isWhitespace }
        let end = last.map { String(scalars[...$0]) } ?? ""
        let ids = try? tokenizer.encode(end)
        if let ids, ids.count == 1, tokenizer.kind != .character { ends.add(ids[0]) }
        return ends
    }
}
