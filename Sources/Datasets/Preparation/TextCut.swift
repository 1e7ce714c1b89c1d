/// The places at which a document may be cut.
enum TextCut {
    /// The best place for a cut in (start, limit], looked for in the last 64 KiB before the limit.
    static func last(in text: SourceText, from start: Int, limit: Int) throws -> Int {
        let offset = max(start, limit - (1 << 16))
        let bytes = try text.bytes(offset..<min(limit + 1, text.size))
        if let place = line(in: bytes, 1..<bytes.count, isForward: false) { return offset + place }
        let beginnings = (max(1, bytes.count - 4)..<bytes.count).reversed()
        return offset + (beginnings.first { !isContinuation(bytes[$0]) } ?? bytes.count - 1)
    }

    /// The first place behind a newline among these offsets, or the last: between two visible ASCII
    /// characters, where the tokens of a byte-level BPE do not change, if there is such a one.
    static func line(in bytes: [UInt8], _ places: Range<Int>, isForward: Bool) -> Int? {
        var anyLine: Int?
        for index in places {
            let place = isForward ? index : places.lowerBound + places.upperBound - 1 - index
            guard bytes[place - 1] == 0x0A else { continue }
            if place > 1, isVisible(bytes[place - 2]), isVisible(bytes[place]) { return place }
            anyLine = anyLine ?? place
        }
        return anyLine
    }

    /// The first offset from `start` on at which a character begins, or the number of bytes.
    static func character(in bytes: [UInt8], from start: Int) -> Int {
        // A character has at most three bytes behind its first.
        (start..<min(start + 4, bytes.count)).first { !isContinuation(bytes[$0]) }
            ?? min(start + 4, bytes.count)
    }

    private static func isVisible(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }

    private static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
}
