/// Turns ids into text one by one and never hands out half a character.
///
/// The concatenation of all parts, `finish()` included, equals `decode` of all the ids.
package struct StreamingDecoder {
    private let tokenizer: any Tokenizer
    /// Bytes that may still become a character: at most three after each `append`.
    private var pending: [UInt8] = []

    /// What is to be taken off the next token.
    private var leadingSpace: LeadingSpace

    /// - Parameter isStart: whether the ids begin a text, and do not go on from one.
    package init(_ tokenizer: any Tokenizer, isStart: Bool = true) {
        self.tokenizer = tokenizer
        leadingSpace = isStart ? tokenizer.leadingSpace : .kept
    }

    /// The text that `id` completes: empty while its last character is incomplete.
    package mutating func append(_ id: Int32) throws -> String {
        try tokenizer.appendBytes(of: id, to: &pending)
        if !pending.isEmpty || leadingSpace == .offFirstToken {
            leadingSpace.remove(from: &pending)
            leadingSpace = .kept
        }
        let complete = pending.count - unfinishedCount
        let text = String(decoding: pending[..<complete], as: UTF8.self)
        pending.removeFirst(complete)
        return text
    }

    /// The rest, where bytes that never became a character are U+FFFD.
    package mutating func finish() -> String {
        defer { pending.removeAll() }
        return String(decoding: pending, as: UTF8.self)
    }

    /// The number of last bytes that are the well-formed start of a longer character.
    private var unfinishedCount: Int {
        pending.withUnsafeBufferPointer { bytes in
            for count in stride(from: min(3, bytes.count), to: 0, by: -1) {
                let offset = bytes.count - count
                guard bytes[offset] >= 0xC2 else { continue }
                let (length, isWellFormed) = UTF8Text.length(in: bytes, at: offset)
                if !isWellFormed && length == count && bytes[offset] <= 0xF4 { return count }
            }
            return 0
        }
    }
}
