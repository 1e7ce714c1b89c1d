/// The character that SentencePiece writes for a space, U+2581.
enum SpaceMark {
    static let bytes: [UInt8] = [0xE2, 0x96, 0x81]

    /// A text with each mark as a space.
    static func replaced(in text: [UInt8], by space: [UInt8] = [0x20]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = text[...]
        while let first = rest.first {
            let isMark = rest.starts(with: bytes)
            result += isMark ? space : [first]
            rest = rest.dropFirst(isMark ? bytes.count : 1)
        }
        return result
    }
}
