/// Bytes of one of the text files of a preparation, whose documents the literal ends.
package struct TextRange: Equatable, Sendable {
    /// The number of the file in the list of the inputs.
    package var file: Int
    package var bytes: Range<Int>
    /// Whether a document ends at the end; else it goes on in what follows.
    package var endsDocument: Bool

    package init(file: Int, bytes: Range<Int>, endsDocument: Bool) {
        self.file = file
        self.bytes = bytes
        self.endsDocument = endsDocument
    }
}

extension Sequence<TextRange> {
    var byteCount: Int { reduce(0) { $0 + $1.bytes.count } }
}
