import Foundation

/// An answer as SQuAD compares it: small letters, without punctuation and articles.
///
/// Source: Rajpurkar et al., the evaluation script of SQuAD 2.0.
package struct SquadText {
    let words: [String]

    package init(_ text: String) {
        let kept = text.lowercased().unicodeScalars.filter { !Self.punctuation.contains($0) }
        let plain = String(String.UnicodeScalarView(kept))
            .replacing(Self.article, with: " ")
        words = plain.unicodeScalars.split { $0.properties.isWhitespace }.map { String($0) }
    }

    /// Python's `string.punctuation`.
    static let punctuation = Set(##"!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~"##.unicodeScalars)
    nonisolated(unsafe) private static let article = /\b(?:a|an|the)\b/.wordBoundaryKind(.simple)

    /// Answers that are right; nothing is, where there are none.
    static func right(_ texts: [String]) -> [SquadText] {
        let answers = texts.map(SquadText.init).filter { !$0.words.isEmpty }
        return answers.isEmpty ? [SquadText("")] : answers
    }

    /// 1 where the words are the same.
    package func exactness(_ right: SquadText) -> Double { words == right.words ? 1 : 0 }

    /// The F1 of the words, each as often as it occurs.
    package func f1(_ right: SquadText) -> Double {
        guard !words.isEmpty, !right.words.isEmpty else { return exactness(right) }
        let same = WordCounts(words).common(with: WordCounts(right.words))
        guard same > 0 else { return 0 }
        let precision = Double(same) / Double(words.count)
        let recall = Double(same) / Double(right.words.count)
        return 2 * precision * recall / (precision + recall)
    }
}

/// How often each word, or row of words, occurs.
struct WordCounts {
    private var counts: [[String]: Int] = [:]

    init(_ words: [String], inRow length: Int = 1) {
        guard words.count >= length else { return }
        for start in 0...words.count - length {
            counts[Array(words[start..<start + length]), default: 0] += 1
        }
    }

    var total: Int { counts.values.reduce(0, +) }

    func common(with other: WordCounts) -> Int {
        counts.reduce(0) { $0 + min($1.value, other.counts[$1.key] ?? 0) }
    }
}
