/// A page of HTML, which is one document.
package final class HTMLReader: DocumentReader {
    private var stream: (any ByteStream)?
    private let rules: ReadingRules

    package init(_ stream: any ByteStream, _ rules: ReadingRules) {
        self.stream = stream
        self.rules = rules
    }

    package func next() throws -> ReadRecord? {
        guard let stream else { return nil }
        self.stream = nil
        let page = try WideText.all(of: stream, at: rules.path)
        let text = HTMLText.mainText(of: page, charset: nil)
        guard text.contains(where: { $0 > 0x20 }) else {
            return try rules.unreadable(
                "no_text", "a page with a text", got: "none", rules.path, page)
        }
        return .document(Document(text: text, source: rules.path))
    }
}
