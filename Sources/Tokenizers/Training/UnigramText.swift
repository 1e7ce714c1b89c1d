import Files
import Synchronization

/// The words of a training text, with a mark in place of a space, in ascending order.
struct UnigramText: Sendable {
    /// The characters that are pieces of their own, ascending.
    let alphabet: [Unicode.Scalar]
    /// The bytes of all words, one after the other, where each one starts, and how often it occurs.
    let bytes: [UInt8]
    let starts: [Int]
    let counts: [Int]
    /// Stretches of words, about equally long, that do not depend on the number of threads.
    private let chunks: [Range<Int>]

    /// The most stretches: each has counts of its own for all pieces.
    private static let chunkCount = 8
    /// Characters of the spelling of a byte, which would otherwise be read as that byte.
    private static let needed = SpaceMark.bytes + Array("<0123456789ABCDEFx>".utf8)

    /// - Parameter coverage: Share of the characters that are in the alphabet, the most frequent ones.
    init(_ words: WordCounts, coverage: Double) {
        var marked: [[UInt8]: Int] = [:]
        words.forEachWord { word, count in
            marked[word.flatMap { $0 == 0x20 ? SpaceMark.bytes : [$0] }, default: 0] += count
        }
        let alphabet = Self.alphabet(of: marked, coverage: coverage)
        self.alphabet = alphabet.sorted()
        var known: [[UInt8]: Int] = [:]
        for (word, count) in marked {
            for part in String(decoding: word, as: UTF8.self).unicodeScalars
                .split(whereSeparator: { !alphabet.contains($0) })
            {
                known[Array(String(String.UnicodeScalarView(part)).utf8), default: 0] += count
            }
        }
        let sorted = known.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        counts = sorted.map(\.value)
        bytes = sorted.flatMap(\.key)
        starts = sorted.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.key.count) }
        chunks = Self.chunks(starts)
    }

    var count: Int { counts.count }

    private static func alphabet(
        of words: [[UInt8]: Int], coverage: Double
    ) -> Set<Unicode.Scalar> {
        var counts: [Unicode.Scalar: Int] = [:]
        for (word, count) in words {
            for scalar in String(decoding: word, as: UTF8.self).unicodeScalars {
                counts[scalar, default: 0] += count
            }
        }
        var alphabet = Set(String(decoding: needed, as: UTF8.self).unicodeScalars)
        let total = Double(counts.values.reduce(0, +))
        var covered = 0
        let sorted = counts.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }
        for (scalar, count) in sorted {
            guard Double(covered) < coverage * total else { break }
            alphabet.insert(scalar)
            covered += count
        }
        return alphabet
    }

    private static func chunks(_ starts: [Int]) -> [Range<Int>] {
        let (size, last) = (starts[starts.count - 1], starts.count - 1)
        var chunks: [Range<Int>] = []
        var first = 0
        for number in 1...chunkCount where first < last {
            let end = number * size / chunkCount
            let next = number == chunkCount ? last : starts.firstIndex { $0 >= end } ?? last
            if next > first { chunks.append(first..<next) }
            first = max(first, next)
        }
        return chunks
    }

    // MARK: All words

    /// How often each piece occurs, over all ways to write each word, by their probabilities.
    func expectedCounts(of pieces: UnigramPieces, threads: Int) throws -> [Double] {
        let parts = try inChunks(threads) { words in
            var lattice = TrainingLattice(pieces)
            var expected = [Double](repeating: 0, count: pieces.count)
            forEachWord(words) { lattice.addExpectations(of: $0, count: Double($1), to: &expected) }
            return expected
        }
        return parts.reduce(into: [Double](repeating: 0, count: pieces.count)) { sums, part in
            for index in sums.indices { sums[index] += part[index] }
        }
    }

    /// How often each piece occurs where each word is written in the best way.
    func uses(of pieces: UnigramPieces, threads: Int) throws -> UnigramUses {
        let parts = try inChunks(threads) { words in
            var lattice = TrainingLattice(pieces)
            var uses = UnigramUses(count: pieces.count)
            forEachWord(words) { uses.add(lattice.best(of: $0), count: $1) }
            return uses
        }
        return parts.reduce(into: UnigramUses(count: pieces.count)) { $0.add($1) }
    }

    private func inChunks<Part: Sendable>(
        _ threads: Int, _ body: @escaping @Sendable (Range<Int>) -> Part
    ) throws -> [Part] {
        let parts = Mutex<[Int: Part]>([:])
        try ParallelParts.forEach(chunks.count, threads: threads) { number in
            let part = body(chunks[number])
            parts.withLock { $0[number] = part }
        }
        return parts.withLock { parts in chunks.indices.compactMap { parts[$0] } }
    }

    private func forEachWord(
        _ words: Range<Int>, _ body: (UnsafeBufferPointer<UInt8>, Int) -> Void
    ) {
        bytes.withUnsafeBufferPointer { bytes in
            for word in words {
                body(.init(rebasing: bytes[starts[word]..<starts[word + 1]]), counts[word])
            }
        }
    }
}

/// How often pieces occur in the best ways to write words.
struct UnigramUses: Sendable {
    /// Occurrences of each piece.
    private(set) var counts: [Int]
    /// Words, counted as often as they occur, in which each piece occurs.
    private(set) var wordCounts: [Int]
    /// All words.
    private(set) var wordCount = 0
    private var number = 0
    private var seen: [Int]

    init(count: Int) {
        (counts, wordCounts) = (
            [Int](repeating: 0, count: count), [Int](repeating: 0, count: count)
        )
        seen = wordCounts
    }

    mutating func add(_ pieces: [Int32], count: Int) {
        number += 1
        wordCount += count
        for piece in pieces.map({ Int($0) }) {
            counts[piece] += count
            guard seen[piece] != number else { continue }
            seen[piece] = number
            wordCounts[piece] += count
        }
    }

    mutating func add(_ other: UnigramUses) {
        wordCount += other.wordCount
        for index in counts.indices {
            counts[index] += other.counts[index]
            wordCounts[index] += other.wordCounts[index]
        }
    }
}
