import Glibc

/// One document, or a part of one: bytes of a text file without the literal that ends it.
struct SourceDocument: Equatable {
    var file: Int
    var range: Range<Int>
    /// False for all but the last part of a document that is cut.
    var endsDocument = true

    /// The literal that ends a document in a text file.
    static let endOfText = Array("<|endoftext|>".utf8)

    /// The documents of a file: what lies between the literals, where that is not empty.
    static func documents(of source: SourceFile, file: Int) throws -> [SourceDocument] {
        var documents: [SourceDocument] = []
        var start = 0
        func end(at end: Int) {
            if start < end { documents.append(SourceDocument(file: file, range: start..<end)) }
        }
        try source.forEachBlock(of: 0..<source.size, overlap: endOfText.count - 1) {
            offset, block in
            for place in endsOfText(in: block) {
                end(at: offset + place)
                start = offset + place + endOfText.count
            }
        }
        end(at: source.size)
        return documents
    }

    /// The offsets at which the literals of the end of text begin.
    static func endsOfText(in bytes: [UInt8]) -> [Int] {
        var places: [Int] = []
        bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress else { return }
            var from = 0
            while buffer.count - from >= endOfText.count,
                let hit = memchr(base + from, Int32(endOfText[0]), buffer.count - from)
            {
                let place = UnsafeRawPointer(hit) - base
                let isWhole =
                    buffer.count - place >= endOfText.count
                    && memcmp(hit, endOfText, endOfText.count) == 0
                if isWhole { places.append(place) }
                from = place + (isWhole ? endOfText.count : 1)
            }
        }
        return places
    }

    /// The first place from `place` on at which a character begins, or the end.
    func characterStart(from place: Int, in source: SourceFile) throws -> Int {
        // A character has at most three bytes behind its first.
        let bytes = try source.bytes(place..<min(place + 3, range.upperBound))
        return place + (bytes.firstIndex { $0 & 0xC0 != 0x80 } ?? bytes.count)
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

    /// The parts, of at most `size` bytes each, of a document that may be longer.
    func parts(ofSize size: Int, in source: SourceFile) throws -> [SourceDocument] {
        var parts: [SourceDocument] = []
        var rest = self
        while rest.range.count > size {
            let place = try Self.cutPlace(
                in: source, from: rest.range.lowerBound, limit: rest.range.lowerBound + size)
            var (part, remainder) = rest.cut(at: place)
            part.endsDocument = false
            remainder.endsDocument = endsDocument
            parts.append(part)
            rest = remainder
        }
        return parts + [rest]
    }

    /// The best place for a cut in (start, limit]: after a newline between two visible ASCII
    /// characters, where the tokens of a byte-level BPE do not change; else after any newline;
    /// else before a scalar. It is looked for in the last 64 KiB.
    private static func cutPlace(in source: SourceFile, from start: Int, limit: Int) throws -> Int {
        let offset = max(start, limit - (1 << 16))
        let bytes = try source.bytes(offset..<limit + 1)
        func isVisible(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }
        let newlines = (1..<bytes.count).reversed().filter { bytes[$0 - 1] == 0x0A }
        let best = newlines.first { $0 > 1 && isVisible(bytes[$0 - 2]) && isVisible(bytes[$0]) }
        if let place = best ?? newlines.first { return offset + place }
        let beginnings = (max(1, bytes.count - 4)..<bytes.count).reversed()
        return offset + (beginnings.first { bytes[$0] & 0xC0 != 0x80 } ?? bytes.count - 1)
    }
}
