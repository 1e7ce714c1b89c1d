import Foundation

/// The normalization forms of Unicode.
enum UnicodeForm: String, Sendable {
    case nfc = "NFC"
    case nfd = "NFD"
    case nfkc = "NFKC"
    case nfkd = "NFKD"

    /// What NFC may change, alone or beside its neighbours.
    private static let composing = CodePointSet(table: CodePointTable.composing)

    /// The characters beyond U+FFFF that compose with what follows. The library takes others for those of
    /// the lowest plane with the same last digits.
    private static let composingFirsts: Set<UInt32> = [
        0x11099, 0x1109B, 0x110A5, 0x11131, 0x11132, 0x11347, 0x114B9, 0x115B8, 0x115B9, 0x11935,
    ]

    func applied(to text: [UInt8]) -> [UInt8] {
        if text.allSatisfy({ $0 < 0x80 }) { return text }
        return self == .nfc ? composed(text) : converted(text[...])
    }

    private func converted(_ text: ArraySlice<UInt8>) -> [UInt8] {
        let string = String(decoding: text, as: UTF8.self)
        switch self {
        case .nfc: return Array(string.precomposedStringWithCanonicalMapping.utf8)
        case .nfd: return Array(string.decomposedStringWithCanonicalMapping.utf8)
        case .nfkc: return Array(string.precomposedStringWithCompatibilityMapping.utf8)
        case .nfkd: return Array(string.decomposedStringWithCompatibilityMapping.utf8)
        }
    }

    /// Only stretches of composing characters, with the character before each, can change.
    private func composed(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        // The character before `offset`, where it does not compose, and the open stretch.
        var (offset, last, kept) = (0, 0, 0)
        var start: Int?
        var composes = true
        func endStretch(at end: Int) {
            guard let first = start else { return }
            result += text[kept..<first] + converted(text[first..<end])
            (kept, start) = (end, nil)
        }
        text.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            while offset < buffer.count {
                let (value, length) = (base + offset).codePoint
                if value >= 0xC0, Self.composing.contains(value) {
                    if start == nil { start = composes ? last : offset }
                } else {
                    endStretch(at: offset)
                    last = offset
                    composes = value < 0x10000 || Self.composingFirsts.contains(value)
                }
                offset += length
            }
        }
        endStretch(at: text.count)
        return result + text[kept...]
    }
}
