/// A word of a text.
package struct Word {
    package var start: UInt32
    package var end: UInt32
    package var characterCount: UInt32
    /// Whether any character is a letter.
    package var hasLetter: Bool
    /// Whether all characters are punctuation.
    package var isSymbol: Bool
    package var hash: UInt64

    package var range: Range<Int> { Int(start)..<Int(end) }
}

/// The words of a text: runs of letters, marks and numbers, in which an apostrophe between two of them,
/// and a point or comma between two digits, stay; every other character but white space is a word, and
/// so is a run of the same.
package enum Words {
    package static func words(of text: UTF8Bytes) -> [Word] {
        var words: [Word] = []
        words.reserveCapacity(text.count / 5)
        var scanner = WordScanner(text: text)
        while let word = scanner.next() { words.append(word) }
        return words
    }
}

private struct WordScanner {
    let text: UTF8Bytes
    let table = CharacterTable.shared
    var position = 0

    init(text: UTF8Bytes) { self.text = text }

    mutating func next() -> Word? {
        while position < text.count {
            let (value, count) = text.scalar(at: position)
            let traits = table.of(value)
            if traits.isInWord { return word() }
            if !traits.contains(.space) { return run(of: value, count, traits) }
            position += count
        }
        return nil
    }

    private mutating func word() -> Word {
        let start = position
        var (characters, hasLetter, isSymbol) = (UInt32(0), false, true)
        var (hash, last) = (TextHash.seed, CharacterTraits())
        while position < text.count {
            let (value, count) = text.scalar(at: position)
            let traits = table.of(value)
            guard traits.isInWord || isJoint(value, count, last) else { break }
            hasLetter = hasLetter || traits.contains(.letter)
            isSymbol = isSymbol && traits.contains(.symbol)
            hash = TextHash.next(hash, value)
            characters += 1
            position += count
            last = traits
        }
        return Word(
            start: UInt32(start), end: UInt32(position), characterCount: characters,
            hasLetter: hasLetter, isSymbol: isSymbol, hash: TextHash.mixed(hash))
    }

    /// Whether the character joins what stands before and behind it to one word.
    private func isJoint(_ value: UInt32, _ count: Int, _ last: CharacterTraits) -> Bool {
        let isApostrophe = value == 0x27 || value == 0x2019
        let isPoint = value == 0x2E || value == 0x2C
        guard isApostrophe || isPoint, position + count < text.count, last.isInWord else {
            return false
        }
        let next = table.of(text.scalar(at: position + count).value)
        return isApostrophe ? next.isInWord : last.contains(.digit) && next.contains(.digit)
    }

    private mutating func run(of value: UInt32, _ count: Int, _ traits: CharacterTraits) -> Word {
        let start = position
        var (characters, hash) = (UInt32(0), TextHash.seed)
        while position < text.count, text.scalar(at: position).value == value {
            hash = TextHash.next(hash, value)
            characters += 1
            position += count
        }
        return Word(
            start: UInt32(start), end: UInt32(position), characterCount: characters,
            hasLetter: false, isSymbol: traits.contains(.symbol), hash: TextHash.mixed(hash))
    }
}

/// Hashes of text, the same on every machine.
package enum TextHash {
    package static let seed: UInt64 = 0xcbf2_9ce4_8422_2325

    /// One step of FNV-1a over characters.
    @inline(__always)
    package static func next(_ hash: UInt64, _ value: UInt32) -> UInt64 {
        (hash ^ UInt64(value)) &* 0x0000_0100_0000_01b3
    }

    /// The finish of MurmurHash3, which spreads every bit over all.
    @inline(__always)
    package static func mixed(_ hash: UInt64) -> UInt64 {
        var hash = hash
        hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ (hash >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return hash ^ (hash >> 33)
    }

    /// The factor of hashes of several words.
    package static let base: UInt64 = 0x9e37_79b9_7f4a_7c15

    /// A hash of 128 bits: two chains of products, folded.
    package static func wide(_ bytes: UnsafeRawBufferPointer) -> (high: UInt64, low: UInt64) {
        var high: UInt64 = 0xa076_1d64_78bd_642f ^ UInt64(bytes.count)
        var low: UInt64 = 0xe703_7ed1_a0b4_28db &+ UInt64(bytes.count)
        var offset = 0
        while offset < bytes.count {
            let word = part(of: bytes, at: offset)
            high = folded(high ^ word, 0x8ebc_6af0_9c88_c6e3)
            low = folded(low &+ word, 0x5899_65cc_7537_4cc3)
            offset += 8
        }
        return (mixed(high), mixed(low))
    }

    private static func folded(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        // The sum keeps a zero factor from ending the chain.
        return (product.high ^ product.low) &+ base
    }

    private static func part(of bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt64 {
        if offset + 8 <= bytes.count {
            return UInt64(
                littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        var word: UInt64 = 0
        for index in (offset..<bytes.count).reversed() { word = word << 8 | UInt64(bytes[index]) }
        return word
    }
}
