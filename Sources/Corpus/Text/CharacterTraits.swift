import Glibc

/// What the rules want to know of a character.
package struct CharacterTraits: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let letter = CharacterTraits(rawValue: 1)
    package static let mark = CharacterTraits(rawValue: 2)
    package static let number = CharacterTraits(rawValue: 4)
    /// A decimal digit of any script.
    package static let digit = CharacterTraits(rawValue: 8)
    /// White space, and the separators of ASCII.
    package static let space = CharacterTraits(rawValue: 16)
    /// Punctuation by `PunctuationSets`, or a control character.
    package static let symbol = CharacterTraits(rawValue: 32)
    package static let terminal = CharacterTraits(rawValue: 64)
    /// A character of a script that is written without spaces.
    package static let spaceless = CharacterTraits(rawValue: 128)

    /// Whether the character is a part of words.
    package var isInWord: Bool { rawValue & 0b111 != 0 }
}

/// The traits of all characters.
package final class CharacterTable: Sendable {
    package static let shared = CharacterTable()

    private static let size = 0x20000
    // Written by the initialiser alone; it lives as long as the program.
    private nonisolated(unsafe) let traits: UnsafePointer<UInt8>

    private init() {
        let table = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: Self.size)
        for value in 0..<Self.size {
            table[value] = Unicode.Scalar(UInt32(value)).map(Self.found)?.rawValue ?? 0
        }
        for value in PunctuationSets.marks + PunctuationSets.terminal {
            table[Int(value)] |= CharacterTraits.symbol.rawValue
        }
        for value in PunctuationSets.terminal {
            table[Int(value)] |= CharacterTraits.terminal.rawValue
        }
        for value in Array(0..<9) + Array(11..<32) + Array(127..<160) {
            table[value] |= CharacterTraits.symbol.rawValue
        }
        for value in 0x1C...0x1F { table[value] |= CharacterTraits.space.rawValue }
        table[Int(UInt8(ascii: "_"))] |= CharacterTraits.mark.rawValue
        traits = UnsafePointer(table.baseAddress.unsafelyUnwrapped)
    }

    @inline(__always)
    package func of(_ value: UInt32) -> CharacterTraits {
        if value < Self.size { return CharacterTraits(rawValue: traits[Int(value)]) }
        return value < 0x40000 ? [.letter, .spaceless] : []
    }

    private static func found(_ scalar: Unicode.Scalar) -> CharacterTraits {
        var traits: CharacterTraits = []
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            traits.insert(.letter)
        case .nonspacingMark, .spacingMark, .enclosingMark: traits.insert(.mark)
        case .decimalNumber: traits.formUnion([.number, .digit])
        case .letterNumber, .otherNumber: traits.insert(.number)
        default: break
        }
        if scalar.properties.isWhitespace { traits.insert(.space) }
        if isSpaceless(scalar.value) { traits.insert(.spaceless) }
        return traits
    }

    /// Han, Hiragana, Katakana, Thai, Lao, Khmer and Burmese.
    private static func isSpaceless(_ value: UInt32) -> Bool {
        let ranges: [ClosedRange<UInt32>] = [
            0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF, 0x3040...0x30FF, 0x3400...0x4DBF,
            0x4E00...0x9FFF, 0xF900...0xFAFF,
        ]
        return ranges.contains { $0.contains(value) }
    }
}

/// Text in UTF-8 that is valid.
package typealias UTF8Bytes = UnsafeBufferPointer<UInt8>

extension UnsafeBufferPointer<UInt8> {
    /// The character at an index, and its number of bytes; the text is valid UTF-8.
    @inline(__always)
    package func scalar(at index: Int) -> (value: UInt32, count: Int) {
        let first = UInt32(self[index])
        if first < 0x80 { return (first, 1) }
        if first < 0xE0 { return ((first & 0x1F) << 6 | next(index + 1), 2) }
        if first < 0xF0 {
            return ((first & 0xF) << 12 | next(index + 1) << 6 | next(index + 2), 3)
        }
        return (
            (first & 0x7) << 18 | next(index + 1) << 12 | next(index + 2) << 6 | next(index + 3), 4
        )
    }

    /// The character that ends before an index, and its number of bytes.
    @inline(__always)
    package func scalar(before index: Int) -> (value: UInt32, count: Int) {
        var start = index - 1
        while start > 0, self[start] & 0xC0 == 0x80 { start -= 1 }
        return scalar(at: start)
    }

    @inline(__always)
    private func next(_ index: Int) -> UInt32 { UInt32(self[index] & 0x3F) }

    /// The number of characters in a range.
    @inline(__always)
    package func characterCount(in range: Range<Int>) -> Int {
        var count = 0
        for index in range { count &+= self[index] & 0xC0 != 0x80 ? 1 : 0 }
        return count
    }

    /// The range without the white space at its ends.
    package func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        let table = CharacterTable.shared
        while start < end {
            let (value, count) = scalar(at: start)
            guard table.of(value).contains(.space) else { break }
            start += count
        }
        while end > start {
            let (value, count) = scalar(before: end)
            guard table.of(value).contains(.space) else { break }
            end -= count
        }
        return start..<end
    }

    /// Whether the bytes before an index, within a range, are these.
    package func ends(_ range: Range<Int>, with suffix: StaticString) -> Bool {
        let count = suffix.utf8CodeUnitCount
        guard range.count >= count else { return false }
        return memcmp(
            baseAddress.unsafelyUnwrapped + range.upperBound - count, suffix.utf8Start, count)
            == 0
    }

    package func begins(_ range: Range<Int>, with prefix: StaticString) -> Bool {
        let count = prefix.utf8CodeUnitCount
        guard range.count >= count else { return false }
        return memcmp(baseAddress.unsafelyUnwrapped + range.lowerBound, prefix.utf8Start, count)
            == 0
    }

    /// The first place of some bytes in a range; nil where they are not there.
    package func firstPlace(of part: [UInt8], in range: Range<Int>) -> Int? {
        guard range.count >= part.count, let base = baseAddress, let first = part.first else {
            return nil
        }
        let last = base + range.upperBound - part.count
        var next = base + range.lowerBound
        while next <= last, let found = memchr(next, Int32(first), last - next + 1) {
            if memcmp(found, part, part.count) == 0 {
                return UnsafeRawPointer(found) - UnsafeRawPointer(base)
            }
            next = UnsafeRawPointer(found).assumingMemoryBound(to: UInt8.self) + 1
        }
        return nil
    }

    package func raw(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: self[range]))
    }

    /// How often some bytes are in the text, without overlap.
    package func count(of part: StaticString) -> Int {
        let part = Array(UnsafeBufferPointer(start: part.utf8Start, count: part.utf8CodeUnitCount))
        var (found, start) = (0, 0)
        while let place = firstPlace(of: part, in: start..<count) {
            found += 1
            start = place + part.count
        }
        return found
    }
}
