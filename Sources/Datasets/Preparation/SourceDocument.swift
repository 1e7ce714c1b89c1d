/// One document: bytes of a text file without the literal that ends it.
struct SourceDocument: Equatable {
    var file: Int
    var range: Range<Int>

    /// The documents of a file: what lies between the literals, where that is not empty.
    static func documents(of text: SourceText, file: Int) throws -> [SourceDocument] {
        var documents: [SourceDocument] = []
        var start = 0
        func end(at end: Int) {
            if start < end { documents.append(SourceDocument(file: file, range: start..<end)) }
        }
        let overlap = EndOfText.literal.count - 1
        try text.forEachBlock(of: 0..<text.size, overlap: overlap) { offset, block in
            for place in EndOfText.places(in: block) {
                end(at: offset + place)
                start = offset + place + EndOfText.literal.count
            }
        }
        end(at: text.size)
        return documents
    }

    /// The first place from `place` on at which a character begins, or the end.
    func characterStart(from place: Int, in text: SourceText) throws -> Int {
        let bytes = try text.bytes(place..<min(place + 3, range.upperBound))
        return place + TextCut.character(in: bytes, from: 0)
    }

    /// The two parts of the document on both sides of a place inside it.
    func cut(at place: Int) -> (SourceDocument, SourceDocument) {
        precondition(
            range.lowerBound < place && place < range.upperBound, "\(place) is not inside \(range)")
        var (first, second) = (self, self)
        first.range = range.lowerBound..<place
        second.range = place..<range.upperBound
        return (first, second)
    }
}
