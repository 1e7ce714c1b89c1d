import Foundation

/// The normalization forms of Unicode.
enum UnicodeForm: String, Sendable {
    case nfc = "NFC"
    case nfd = "NFD"
    case nfkc = "NFKC"
    case nfkd = "NFKD"

    /// What NFC may change, alone or beside its neighbours.
    private static let composing = CodePointSet(table: CodePointTable.composing)

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
                    if start == nil { start = last }
                } else {
                    endStretch(at: offset)
                    last = offset
                }
                offset += length
            }
        }
        endStretch(at: text.count)
        return result + text[kept...]
    }
}
