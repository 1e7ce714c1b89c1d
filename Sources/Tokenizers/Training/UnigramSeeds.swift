/// The pieces from which the training of a Unigram model starts: the alphabet, and the parts of words that occur
/// more than once and are followed by different characters, each with the characters of the text that it
/// covers as its weight.
///
/// They are the inner nodes of a suffix tree, which are read from sorted suffixes and the lengths of the
/// beginnings that neighbours share (Abouelhoda et al. 2004). As no piece is longer than 16 characters, no more
/// of a suffix is looked at.
struct UnigramSeeds {
    private(set) var pieces: UnigramPieces

    /// A place in the text, with the first three code points from there on.
    private struct Suffix {
        let key: UInt64
        let place: Int32
    }

    private typealias Part = (weight: Int, place: Int, length: Int, rank: Int)

    /// The code points of all words, each followed by 0.
    private var scalars: [UInt32] = []
    /// The occurrences of the word at each of them.
    private var counts: [Int] = []

    private static let longest = UnigramTrainer.longestPiece
    /// The most code points that are sorted; rarer words are left out.
    private static let mostScalars = 1 << 26

    init(of text: UnigramText) {
        pieces = UnigramPieces([], weights: [], characterCount: 0)
        fill(from: text)
        let weights = characterWeights
        let characters = text.alphabet.map { Array(String($0).utf8) }
        var parts = self.parts(suffixes: sortedSuffixes())
        parts.sort { $0.weight != $1.weight ? $0.weight > $1.weight : $0.rank < $1.rank }
        parts = Array(parts.prefix(max(0, UnigramTrainer.seedCount - characters.count)))
        pieces = UnigramPieces(
            characters + parts.map { bytes(of: $0) },
            weights: text.alphabet.map { Double(max(1, weights[$0.value] ?? 0)) }
                + parts.map { Double($0.weight) },
            characterCount: characters.count)
    }

    private mutating func fill(from text: UnigramText) {
        let order = (0..<text.count).sorted {
            text.counts[$0] != text.counts[$1] ? text.counts[$0] > text.counts[$1] : $0 < $1
        }
        for word in order where scalars.count < Self.mostScalars {
            let bytes = text.bytes[text.starts[word]..<text.starts[word + 1]]
            scalars += String(decoding: bytes, as: UTF8.self).unicodeScalars.map(\.value) + [0]
            counts += repeatElement(text.counts[word], count: scalars.count - counts.count)
        }
        // What is looked at behind the last one.
        scalars += [0, 0, 0]
    }

    private var characterWeights: [UInt32: Int] {
        var weights: [UInt32: Int] = [:]
        for (scalar, count) in zip(scalars, counts) { weights[scalar, default: 0] += count }
        return weights
    }

    // MARK: Suffixes

    private func sortedSuffixes() -> [Suffix] {
        var suffixes: [Suffix] = []
        for place in counts.indices where scalars[place] != 0 {
            let second = scalars[place + 1]
            let third = second == 0 ? 0 : scalars[place + 2]
            suffixes.append(
                Suffix(
                    key: UInt64(scalars[place]) << 42 | UInt64(second) << 21 | UInt64(third),
                    place: Int32(place)))
        }
        scalars.withUnsafeBufferPointer { scalars in
            suffixes.sort { a, b in
                if a.key != b.key { return a.key < b.key }
                let length = Self.commonLength(scalars, Int(a.place), Int(b.place))
                let (x, y) = (scalars[Int(a.place) + length], scalars[Int(b.place) + length])
                return length == Self.longest || x == y ? a.place < b.place : x < y
            }
        }
        return suffixes
    }

    /// The code points that two suffixes begin with, up to the longest piece, within words.
    private static func commonLength(
        _ scalars: UnsafeBufferPointer<UInt32>, _ a: Int, _ b: Int
    ) -> Int {
        var length = 0
        while length < longest, scalars[a + length] == scalars[b + length],
            scalars[a + length] != 0
        { length += 1 }
        return length
    }

    /// The code points up to the end of a word, at most one more than the longest piece.
    private func length(at place: Int) -> Int {
        var length = 0
        while length <= Self.longest, scalars[place + length] != 0 { length += 1 }
        return length
    }

    // MARK: Parts

    /// The nodes, of two characters and more.
    private func parts(suffixes: [Suffix]) -> [Part] {
        var parts: [Part] = []
        var open: [(length: Int, first: Int)] = []
        var before = 0
        let sums = suffixes.reduce(into: [0]) {
            $0.append($0[$0.count - 1] + counts[Int($1.place)])
        }
        func add(_ length: Int, _ range: Range<Int>) {
            let weight = sums[range.upperBound] - sums[range.lowerBound]
            guard length > 1, weight > 1 else { return }
            parts.append(
                (weight * length, Int(suffixes[range.lowerBound].place), length, parts.count))
        }
        scalars.withUnsafeBufferPointer { scalars in
            for end in suffixes.indices.map({ $0 + 1 }) {
                let last = Int(suffixes[end - 1].place)
                let shared =
                    end < suffixes.count
                    ? Self.commonLength(scalars, last, Int(suffixes[end].place)) : 0
                // A word's end that is no beginning of another occurs as often as the word.
                let own = length(at: last)
                if own <= Self.longest, own > max(before, shared) { add(own, end - 1..<end) }
                var first = end - 1
                while let node = open.last, node.length > shared {
                    open.removeLast()
                    add(node.length, node.first..<end)
                    first = node.first
                }
                if shared > open.last?.length ?? 0 { open.append((shared, first)) }
                before = shared
            }
        }
        return parts
    }

    private func bytes(of part: Part) -> [UInt8] {
        var text = String.UnicodeScalarView()
        for scalar in scalars[part.place..<part.place + part.length] {
            if let scalar = Unicode.Scalar(scalar) { text.append(scalar) }
        }
        return Array(String(text).utf8)
    }
}
