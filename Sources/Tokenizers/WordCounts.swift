import Diagnostics

/// The number of times that each piece of a pattern occurs in a text: all that training needs
/// to know of it.
///
/// Counts of parts can be merged in any order, so several ranks may each count a share (cut at a
/// `WordBoundary`) and send it as bytes. The literal `<|endoftext|>` separates documents and is
/// not counted.
package struct WordCounts: Sendable {
    private struct Word {
        var start: Int
        var length: Int
        var count: Int
    }

    /// The bytes of all words, one after the other.
    private var bytes: [UInt8] = []
    private var words: [Word] = []
    /// The index of a word by its hash, -1 where there is none; at most half full.
    private var slots = [Int32](repeating: -1, count: 1 << 12)
    private let separator = AddedTokenMatcher([
        .init(
            id: 0, content: Array(BytePairTokenizer.endOfText.utf8), isSpecial: true,
            isNormalized: false)
    ])

    private let scanner: PreTokenizer

    package init(_ pattern: TokenizerPattern = .gpt2) {
        scanner = pattern.scanner
    }

    /// Counts of words as a Unigram tokenizer cuts them: before each space.
    package static var ofUnigram: WordCounts {
        WordCounts(scanner: PreTokenizer(.marked))
    }

    private init(scanner: PreTokenizer) {
        self.scanner = scanner
    }

    /// The number of different words.
    package var count: Int { words.count }

    /// Counts the words of a text.
    ///
    /// - Returns: the number of ill-formed parts that were read as U+FFFD.
    @discardableResult
    package mutating func add(
        _ utf8: UnsafeBufferPointer<UInt8>, malformed: MalformedText = .replaced
    ) throws -> Int {
        try UTF8Text.withWellFormed(utf8, malformed: malformed) { text in
            separator.split(text, text: { addDocument($0) }, token: { _ in })
        }
    }

    package mutating func add(_ text: String) throws {
        var text = text
        try text.withUTF8 { _ = try add($0) }
    }

    /// Adds the counts of another part of the text.
    package mutating func merge(_ other: WordCounts) {
        other.forEachWord { add($0, count: $1) }
    }

    func forEachWord(_ body: (UnsafeBufferPointer<UInt8>, Int) -> Void) {
        bytes.withUnsafeBufferPointer { bytes in
            for word in words {
                let range = word.start..<word.start + word.length
                body(UnsafeBufferPointer(rebasing: bytes[range]), word.count)
            }
        }
    }

    private mutating func addDocument(_ text: UnsafeBufferPointer<UInt8>) {
        guard let base = text.baseAddress else { return }
        var start = 0
        while start < text.count {
            let end = scanner.endOfPiece(base, from: start, to: text.count)
            add(UnsafeBufferPointer(start: base + start, count: end - start), count: 1)
            start = end
        }
    }

    mutating func add(_ word: UnsafeBufferPointer<UInt8>, count: Int) {
        let slot = slot(of: word)
        if slots[slot] >= 0 {
            words[Int(slots[slot])].count += count
            return
        }
        slots[slot] = Int32(words.count)
        words.append(Word(start: bytes.count, length: word.count, count: count))
        bytes.append(contentsOf: word)
        if words.count * 2 > slots.count { grow() }
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 2)
        for (index, word) in words.enumerated() {
            let slot = bytes.withUnsafeBufferPointer {
                self.slot(of: .init(rebasing: $0[word.start..<word.start + word.length]))
            }
            slots[slot] = Int32(index)
        }
    }

    /// The slot that holds the word, or the empty one where it belongs.
    private func slot(of word: UnsafeBufferPointer<UInt8>) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in word { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        var slot = Int(truncatingIfNeeded: (hash ^ hash >> 29) & UInt64(slots.count - 1))
        while slots[slot] >= 0, !isEqual(words[Int(slots[slot])], word) {
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private func isEqual(_ known: Word, _ word: UnsafeBufferPointer<UInt8>) -> Bool {
        guard known.length == word.count else { return false }
        return bytes.withUnsafeBufferPointer {
            $0[known.start..<known.start + known.length].elementsEqual(word)
        }
    }
}
