import Foundation
import Options

/// The form of Unicode that text is brought to.
package enum UnicodeForm: String, OptionChoice {
    case none, nfc, nfkc
}

/// What is done to the characters of every text.
package struct TextFormOptions: OptionBlock {
    /// Usual nfc.
    package var form = UnicodeForm.nfc
    /// Whether control characters go, but for tabs and line feeds.
    package var control = true
    /// Whether line ends become line feeds, white space at their ends goes, runs of blanks become one, and
    /// more than two line feeds become two.
    package var whiteSpace = true
    /// Whether UTF-8 that was once read as Windows-1252 is put right.
    package var mojibake = true

    package init() {}

    package static var fields: [OptionField<TextFormOptions>] {
        [
            OptionField("form", \.form, .changesFreely),
            OptionField("control", \.control, .changesFreely),
            OptionField("white_space", \.whiteSpace, .changesFreely),
            OptionField("mojibake", \.mojibake, .changesFreely),
        ]
    }
}

/// Puts right the characters of a text.
package final class TextForm: CleaningStep {
    private let options: TextFormOptions
    private var mendedCount = 0

    package init(_ options: TextFormOptions) { self.options = options }

    package func takeCounts() -> [String: Int] {
        defer { mendedCount = 0 }
        return mendedCount > 0 ? ["mended_mojibake": mendedCount] : [:]
    }

    package func apply(to document: inout Document) -> String? {
        var text = document.text
        if options.mojibake, let mended = Mojibake.mended(text) {
            text = mended.text
            mendedCount += mended.count
        }
        if options.form != .none { text = Self.composed(text, options.form) }
        if options.control { text = Self.withoutControl(text) }
        if options.whiteSpace { text = Self.spaced(text) }
        if text != document.text { document.text = text }
        return text.isEmpty ? "empty" : nil
    }

    /// Text of ASCII and, for NFC, of characters below U+0300 is as it should be.
    private static func composed(_ text: [UInt8], _ form: UnicodeForm) -> [UInt8] {
        let first: UInt8 = form == .nfc ? 0xCC : 0xC2
        guard text.contains(where: { $0 >= first }) else { return text }
        let string = String(decoding: text, as: UTF8.self)
        if form == .nfkc { return Array(string.precomposedStringWithCompatibilityMapping.utf8) }
        guard text.withUnsafeBufferPointer(mayCompose) else { return text }
        return Array(string.precomposedStringWithCanonicalMapping.utf8)
    }

    /// Whether any character may change under NFC: marks, Hangul letters, and those that stand for others.
    private static func mayCompose(_ text: UTF8Bytes) -> Bool {
        var position = 0
        while position < text.count {
            let (value, count) = text.scalar(at: position)
            position += count
            guard value >= 0x300 else { continue }
            switch value {
            case 0x370...0x373, 0x388...0x482, 0x48A...0x590, 0x5D0...0x5EA, 0x2010...0x2027,
                0x2030...0x205E, 0x20A0...0x20BF, 0x3041...0x3098, 0x30A1...0x30FF, 0x4E00...0x9FFF,
                0xAC00...0xD7A3, 0xFF00...0xFFEF:
                continue
            default: return true
            }
        }
        return false
    }

    private static func withoutControl(_ text: [UInt8]) -> [UInt8] {
        let isClean = text.allSatisfy {
            $0 >= 0x20 && $0 != 0x7F && $0 < 0xC2 || $0 == 0x0A || $0 == 0x09
        }
        if isClean { return text }
        var kept: [UInt8] = []
        kept.reserveCapacity(text.count)
        text.withUnsafeBufferPointer { text in
            var position = 0
            while position < text.count {
                let (value, count) = text.scalar(at: position)
                if !isControl(value) { kept += text[position..<position + count] }
                position += count
            }
        }
        return kept
    }

    /// Control characters, marks of byte order and direction, and what is no character.
    private static func isControl(_ value: UInt32) -> Bool {
        switch value {
        case 0x09, 0x0A, 0x0D, 0x85: false
        case 0..<0x20, 0x7F...0x9F, 0xFEFF, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069, 0xAD,
            0xFFFE, 0xFFFF:
            true
        default: false
        }
    }
}

// MARK: White space

extension TextForm {
    private static func spaced(_ text: [UInt8]) -> [UInt8] {
        var kept: [UInt8] = []
        kept.reserveCapacity(text.count)
        // White space is written once it is known what follows it.
        var (blank, feeds) = (false, 0)
        text.withUnsafeBufferPointer { text in
            let table = CharacterTable.shared
            var position = 0
            while position < text.count {
                let (value, count) = text.scalar(at: position)
                if isFeed(value) {
                    let isPair =
                        value == 0x0D && position + 1 < text.count
                        && text[position + 1] == 0x0A
                    position += isPair ? 2 : count
                    feeds += 1
                    continue
                }
                if table.of(value).contains(.space) || value == 0x200B {
                    blank = blank || value != 0x200B
                    position += count
                    continue
                }
                if !kept.isEmpty {
                    if feeds > 0 {
                        kept.append(contentsOf: repeatElement(0x0A, count: min(2, feeds)))
                    } else if blank {
                        kept.append(0x20)
                    }
                }
                (blank, feeds) = (false, 0)
                kept += text[position..<position + count]
                position += count
            }
        }
        return kept
    }

    private static func isFeed(_ value: UInt32) -> Bool {
        value == 0x0A || value == 0x0D || value == 0x85 || value == 0x2028 || value == 0x2029
    }
}
