import Diagnostics
import Tokenizers

/// Encodes the documents of one shard, and hands on the ids of each as they come.
struct DocumentEncoding<Encoder: Tokenizer> {
    let tokenizer: Encoder
    let malformed: MalformedText
    let take: ([Int32]) throws -> Void
    private(set) var replacedCount = 0

    init(
        tokenizer: Encoder, malformed: MalformedText, take: @escaping ([Int32]) throws -> Void
    ) {
        self.tokenizer = tokenizer
        self.malformed = malformed
        self.take = take
    }

    /// Appends the documents that the literals in `text` separate.
    mutating func append(_ text: [UInt8], of source: PreparationJob.Source) throws {
        var start = 0
        for place in SourceDocument.endsOfText(in: text) {
            try append(text[start..<place], of: source, endsDocument: true)
            start = place + SourceDocument.endOfText.count
        }
        try append(text[start...], of: source, endsDocument: source.endsDocument)
    }

    private mutating func append(
        _ document: ArraySlice<UInt8>, of source: PreparationJob.Source, endsDocument: Bool
    ) throws {
        guard !document.isEmpty else { return }
        let place = "\(source.path), document at byte \(source.start + document.startIndex)"
        if malformed == .refused { try refuseMalformed(document, of: source) }
        var ids: [Int32] = []
        do {
            replacedCount += try document.withUnsafeBufferPointer {
                try tokenizer.encode($0, malformed: malformed, into: &ids)
            }
        } catch var failure as Failure {
            failure.place = failure.place.map { "\($0), \(place)" } ?? place
            throw failure
        }
        if endsDocument, let endOfTextID = tokenizer.endOfTextID { ids.append(endOfTextID) }
        try take(ids)
    }

    /// The tokenizer knows nothing of files; here the failure can name file and byte.
    private func refuseMalformed(_ document: ArraySlice<UInt8>, of source: PreparationJob.Source)
        throws
    {
        var scanner = UTF8Scanner()
        for byte in document { _ = scanner.consume(byte) }
        scanner.finish()
        guard let fault = scanner.firstFault else { return }
        let place = document.startIndex + fault
        throw Failure(
            "the text is not UTF-8", expected: "well-formed UTF-8",
            got: "byte 0x\(hexadecimal([document[place]]))",
            at: "byte \(source.start + place) of \(source.path)",
            remedy: "convert the text, or allow the replacement by U+FFFD")
    }
}
