import Diagnostics
import Foundation

/// The table of a SentencePiece model that maps sequences of characters to others.
///
/// A compiled trie (a double array of units of 32 bits), then the texts that it leads to, each ended by
/// a zero. Source: the Darts-clone library; `precompiled_charsmap` of sentencepiece_model.proto.
struct CharacterTable: Sendable {
    private let units: [UInt32]
    private let texts: [UInt8]

    init(base64 text: String, _ reader: PartReader) throws {
        guard let data = Data(base64Encoded: text), let table = CharacterTable([UInt8](data)) else {
            throw reader.refusal("a precompiled_charsmap of a SentencePiece model")
        }
        self = table
    }

    /// The spelling of a table in tokenizer.json.
    static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

    /// Reads the bytes of a model; nil where they are damaged.
    init?(_ bytes: [UInt8]) {
        func word(_ offset: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
        }
        guard bytes.count >= 8 else { return nil }
        let size = Int(word(0))
        guard size % 4 == 0, size > 0, size <= bytes.count - 4 else { return nil }
        units = (0..<size / 4).map { word(4 + 4 * $0) }
        texts = Array(bytes[(4 + size)...]) + [0]
    }

    /// Maps each group of code points that is read as one character, or each code point of it where the
    /// group is not known, as the `tokenizers` library does.
    func applied(to text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        for group in String(decoding: text, as: UTF8.self) {
            let bytes = Array(group.utf8)
            if bytes.count < 6, let mapped = mapped(bytes) {
                result += mapped
                continue
            }
            for scalar in group.unicodeScalars {
                let bytes = Array(String(scalar).utf8)
                result += mapped(bytes) ?? bytes
            }
        }
        return result
    }

    /// The text for the first known beginning of a sequence; nil where none is known.
    private func mapped(_ key: [UInt8]) -> [UInt8]? {
        var node = Self.offset(units[0])
        for byte in key {
            if byte == 0 { return nil }
            node ^= Int(byte)
            guard node < units.count, Self.label(units[node]) == UInt32(byte) else { return nil }
            let unit = units[node]
            node ^= Self.offset(unit)
            guard unit >> 8 & 1 == 1 else { continue }
            guard node < units.count else { return nil }
            let start = Int(units[node] & 0x7FFF_FFFF)
            guard start < texts.count else { return nil }
            return Array(texts[start...].prefix { $0 != 0 })
        }
        return nil
    }

    private static func offset(_ unit: UInt32) -> Int {
        Int((unit >> 10) << ((unit & 1 << 9) >> 6))
    }

    private static func label(_ unit: UInt32) -> UInt32 { unit & (1 << 31 | 0xFF) }
}
