import Diagnostics
import Tokenizers

/// Encodes the documents of a block of text, one after the other.
struct DocumentEncoding<Encoder: Tokenizer> {
    let tokenizer: Encoder
    let malformed: MalformedText
    private(set) var ids: [Int32] = []
    private var documentEnds: [Int] = []
    private var isDocumentOpen = false
    private var replacedCount = 0

    init(tokenizer: Encoder, malformed: MalformedText) {
        self.tokenizer = tokenizer
        self.malformed = malformed
    }

    /// What has been encoded so far, of a text with this SHA-256.
    func block(sourceHash: [UInt8]) -> EncodedBlock {
        EncodedBlock(
            ids: ids, documentEnds: documentEnds, isDocumentOpen: isDocumentOpen,
            replacedCount: replacedCount, sourceHash: sourceHash)
    }

    /// Appends the documents that the literals in `text` separate.
    ///
    /// - Parameters:
    ///   - path: the file of the text.
    ///   - offset: the place of the text in the file.
    ///   - endsDocument: whether a document ends at the end of the text.
    mutating func append(
        _ text: [UInt8], of path: String, at offset: Int, _ endsDocument: Bool
    ) throws {
        let part = Part(path: path, offset: offset)
        var start = 0
        for place in EndOfText.places(in: text) {
            try append(text[start..<place], of: part, endsDocument: true)
            start = place + EndOfText.literal.count
        }
        try append(text[start...], of: part, endsDocument: endsDocument)
    }

    private struct Part {
        let path: String
        let offset: Int
    }

    private mutating func append(
        _ document: ArraySlice<UInt8>, of part: Part, endsDocument: Bool
    ) throws {
        guard !document.isEmpty else { return }
        if malformed == .refused { try refuseMalformed(document, of: part) }
        do {
            replacedCount += try document.withUnsafeBufferPointer {
                try tokenizer.encode($0, malformed: malformed, into: &ids)
            }
        } catch var failure as Failure {
            let place = "\(part.path), document at byte \(part.offset + document.startIndex)"
            failure.place = failure.place.map { "\($0), \(place)" } ?? place
            throw failure
        }
        isDocumentOpen = !endsDocument
        guard endsDocument else { return }
        if let endOfTextID = tokenizer.endOfTextID { ids.append(endOfTextID) }
        documentEnds.append(ids.count)
    }

    /// The tokenizer knows nothing of files; here the failure can name file and byte.
    private func refuseMalformed(_ document: ArraySlice<UInt8>, of part: Part) throws {
        var scanner = UTF8Scanner()
        for byte in document { _ = scanner.consume(byte) }
        scanner.finish()
        guard let fault = scanner.firstFault else { return }
        let place = document.startIndex + fault
        throw Failure(
            "the text is not UTF-8", expected: "well-formed UTF-8",
            got: "byte 0x\(hexadecimal([document[place]]))",
            at: "byte \(part.offset + place) of \(part.path)",
            remedy: "convert the text, or allow the replacement by U+FFFD")
    }
}
