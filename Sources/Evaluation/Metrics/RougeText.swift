/// A summary by its words, or their stems, compared as the package rouge-score does.
///
/// Source: Lin, ROUGE (2004); google-research/rouge.
package struct RougeText {
    private let sentences: [[String]]
    private let words: [String]

    /// - Parameter isStemmed: whether words of more than three letters are compared by their stems.
    package init(_ text: String, isStemmed: Bool = false) {
        func words(_ text: some StringProtocol) -> [String] {
            let words = text.lowercased().utf8.split { byte in
                !(0x30...0x39).contains(byte) && !(0x61...0x7A).contains(byte)
            }.map { String(decoding: $0, as: UTF8.self) }
            guard isStemmed else { return words }
            return words.map { $0.utf8.count > 3 ? WordStem.stem(of: $0) : $0 }
        }
        self.words = words(text)
        sentences = text.split(separator: "\n").map { words($0) }
    }

    /// The F-measure of the rows of so many words.
    package func f(_ right: RougeText, inRow length: Int) -> Double {
        let (own, other) = (
            WordCounts(words, inRow: length), WordCounts(right.words, inRow: length)
        )
        return Self.f(own.common(with: other), own.total, other.total)
    }

    /// The F-measure of the longest common row of words with gaps.
    package func longest(_ right: RougeText) -> Double {
        guard !words.isEmpty, !right.words.isEmpty else { return 0 }
        let count = CommonRow(right.words, words).places.count
        return Self.f(count, words.count, right.words.count)
    }

    /// The same, sentence by sentence: a line is a sentence.
    package func longestOfSentences(_ right: RougeText) -> Double {
        let (own, other) = (sentences.joined(), right.sentences.joined())
        var left = Dictionary(own.map { ($0, 1) }, uniquingKeysWith: +)
        var rightLeft = Dictionary(other.map { ($0, 1) }, uniquingKeysWith: +)
        var hits = 0
        for sentence in right.sentences {
            let places = Set(sentences.flatMap { CommonRow(sentence, $0).places })
            for word in places.sorted().map({ sentence[$0] })
            where left[word, default: 0] > 0 && rightLeft[word, default: 0] > 0 {
                hits += 1
                left[word, default: 0] -= 1
                rightLeft[word, default: 0] -= 1
            }
        }
        return Self.f(hits, own.count, other.count)
    }

    private static func f(_ common: Int, _ own: Int, _ right: Int) -> Double {
        guard common > 0 else { return 0 }
        let (precision, recall) = (Double(common) / Double(own), Double(common) / Double(right))
        return 2 * precision * recall / (precision + recall)
    }
}

/// The longest row of words that two texts have in common, with gaps.
private struct CommonRow {
    /// The places of its words in the first text.
    let places: [Int]

    init(_ first: [String], _ second: [String]) {
        let width = second.count + 1
        var table = [Int](repeating: 0, count: (first.count + 1) * width)
        for (i, word) in first.enumerated() {
            for (j, other) in second.enumerated() {
                table[(i + 1) * width + j + 1] =
                    word == other
                    ? table[i * width + j] + 1
                    : max(table[i * width + j + 1], table[(i + 1) * width + j])
            }
        }
        var (i, j, places) = (first.count, second.count, [Int]())
        while i > 0, j > 0 {
            if first[i - 1] == second[j - 1] {
                (i, j) = (i - 1, j - 1)
                places.append(i)
            } else if table[i * width + j - 1] > table[(i - 1) * width + j] {
                j -= 1
            } else {
                i -= 1
            }
        }
        self.places = places.reversed()
    }
}
