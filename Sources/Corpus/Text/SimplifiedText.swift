import Foundation

/// The words of a text as comparisons take them: in lower case, numbers as 0, without punctuation and
/// accents. Source: `simplify_text` of datatrove.
///
/// Words are what white space separates; characters of scripts without spaces are words.
package final class SimplifiedText {
    /// What each character becomes: bytes of `pool` from `start`; nil in `known` where it was not asked for.
    private var starts = [UInt32](repeating: .max, count: 0x10000)
    private var counts = [UInt8](repeating: 0, count: 0x10000)
    private var pool: [UInt32] = []
    private let table = CharacterTable.shared

    private var hash = TextHash.seed
    private var isInside = false

    /// The hashes of the words, in order.
    package func wordHashes(of text: UTF8Bytes) -> [UInt64] {
        var words: [UInt64] = []
        words.reserveCapacity(text.count / 5)
        forEachWord(of: text) { hash, _ in words.append(hash) }
        return words
    }

    /// Calls `body` with the hash of each word and the place where it ends in the text.
    package func forEachWord(of text: UTF8Bytes, _ body: (_ hash: UInt64, _ end: Int) -> Void) {
        (hash, isInside) = (TextHash.seed, false)
        var position = 0
        while position < text.count {
            let byte = text[position]
            if byte < 0x80, Self.isLowerLetter(byte) {
                add(UInt32(byte))
                position += 1
                continue
            }
            let (value, count) = text.scalar(at: position)
            let traits = table.of(value)
            if traits.contains(.digit) {
                position = endOfNumber(text, from: position)
                add(0x30)
            } else if !traits.isDisjoint(with: [.space, .symbol]) {
                endWord(at: position, body)
                position += count
            } else {
                if traits.contains(.spaceless) { endWord(at: position, body) }
                append(value)
                position += count
                if traits.contains(.spaceless) { endWord(at: position, body) }
            }
        }
        endWord(at: position, body)
    }

    @inline(__always)
    private static func isLowerLetter(_ byte: UInt8) -> Bool { byte &- 0x61 < 26 }

    @inline(__always)
    private func add(_ value: UInt32) {
        hash = TextHash.next(hash, value)
        isInside = true
    }

    private func endWord(at place: Int, _ body: (UInt64, Int) -> Void) {
        guard isInside else { return }
        body(TextHash.mixed(hash), place)
        (hash, isInside) = (TextHash.seed, false)
    }

    /// Digits, and behind a point, comma or their like others.
    private func endOfNumber(_ text: UTF8Bytes, from start: Int) -> Int {
        let end = endOfDigits(text, from: start)
        guard end < text.count else { return end }
        let (value, count) = text.scalar(at: end)
        guard [0x2E, 0x2C, 0x60C, 0x66B, 0x2396, 0x2397, 0x2398].contains(value) else { return end }
        let behind = endOfDigits(text, from: end + count)
        return behind > end + count ? behind : end
    }

    private func endOfDigits(_ text: UTF8Bytes, from start: Int) -> Int {
        var position = start
        while position < text.count {
            let (value, count) = text.scalar(at: position)
            guard table.of(value).contains(.digit) else { break }
            position += count
        }
        return position
    }

    /// Adds a character in lower case, taken apart, without its marks.
    private func append(_ value: UInt32) {
        guard value < 0x10000 else {
            for part in Self.simplified(value) { add(part) }
            return
        }
        let index = Int(value)
        if starts[index] == .max {
            let parts = Self.simplified(value)
            starts[index] = UInt32(pool.count)
            counts[index] = UInt8(parts.count)
            pool += parts
        }
        let start = Int(starts[index])
        for part in start..<start + Int(counts[index]) { add(pool[part]) }
    }

    private static func simplified(_ value: UInt32) -> [UInt32] {
        guard let scalar = Unicode.Scalar(value) else { return [] }
        return scalar.properties.lowercaseMapping.decomposedStringWithCanonicalMapping
            .unicodeScalars
            .filter { $0.properties.generalCategory != .nonspacingMark }
            .map(\.value)
    }
}
