import Options

/// What the rules of C4 ask. Source: Raffel et al. 2020, section 2.2.
package struct C4Options: OptionBlock {
    /// Whether lines without a mark at their end go; FineWeb leaves them.
    package var terminalPunctuation = true
    /// Usual 5; 0 asks for none.
    package var minimumSentences = 5
    /// Usual 3.
    package var minimumWordsInLine = 3
    /// Characters; usual 1000.
    package var maximumWordLength = 1000
    package var citations = true
    package var loremIpsum = true
    package var javascript = true
    package var curlyBracket = true
    package var policy = true

    package init() {}

    package static var fields: [OptionField<C4Options>] {
        [
            OptionField("terminal_punctuation", \.terminalPunctuation, .changesFreely),
            OptionField("minimum_sentences", \.minimumSentences, .atLeast(0), .changesFreely),
            OptionField(
                "minimum_words_in_line", \.minimumWordsInLine, .atLeast(0), .changesFreely),
            OptionField("maximum_word_length", \.maximumWordLength, .atLeast(1), .changesFreely),
            OptionField("citations", \.citations, .changesFreely),
            OptionField("lorem_ipsum", \.loremIpsum, .changesFreely),
            OptionField("javascript", \.javascript, .changesFreely),
            OptionField("curly_bracket", \.curlyBracket, .changesFreely),
            OptionField("policy", \.policy, .changesFreely),
        ]
    }
}

/// The rules of C4, which take lines out of a document, or the document away; with the reasons of
/// datatrove.
package final class C4Quality: CleaningStep {
    private let options: C4Options
    private var counts: [String: Int] = [:]

    package init(_ options: C4Options) { self.options = options }

    package func takeCounts() -> [String: Int] {
        defer { counts = [:] }
        return counts
    }

    private enum LineJudgement {
        case kept(sentences: Int)
        case left(String)
        case dropsDocument(String)
    }

    package func apply(to document: inout Document) -> String? {
        var (kept, sentences): ([UInt8], Int) = ([], 0)
        kept.reserveCapacity(document.text.count)
        var reason: String?
        document.text.withUnsafeBufferPointer { text in
            for range in Lines.split(text) {
                let whole = text.trimmed(range)
                let line = text[whole]
                let isTooLong = Self.hasLongWord(text, whole, over: options.maximumWordLength)
                if isTooLong {
                    counts["c4_long_word_lines", default: 0] += 1
                    continue
                }
                let words = Self.wordCount(text, whole)
                let cleaned = options.citations ? Self.withoutCitations(line) : Array(line)
                switch cleaned.withUnsafeBufferPointer({ judge($0, wordCount: words) }) {
                case .kept(let count):
                    if !kept.isEmpty || sentences > 0 { kept.append(0x0A) }
                    kept += cleaned
                    sentences += count
                case .left(let name): counts[name, default: 0] += 1
                case .dropsDocument(let found):
                    reason = found
                    return
                }
            }
        }
        if let reason { return reason }
        guard sentences >= options.minimumSentences else { return "too_few_sentences" }
        let range = kept.withUnsafeBufferPointer { $0.trimmed(0..<$0.count) }
        document.text = range.count == kept.count ? kept : Array(kept[range])
        return nil
    }

    private func judge(_ line: UTF8Bytes, wordCount: Int) -> LineJudgement {
        let all = 0..<line.count
        if options.terminalPunctuation, !Self.isEnded(line) {
            return .left("c4_unended_lines")
        }
        if wordCount < options.minimumWordsInLine { return .left("c4_short_lines") }
        let lower = Self.lowerASCII(line)
        return lower.withUnsafeBufferPointer { lower in
            if options.loremIpsum, lower.firstPlace(of: Self.loremIpsum, in: all) != nil {
                return .dropsDocument("lorem_ipsum")
            }
            if options.javascript, lower.firstPlace(of: Self.javascript, in: all) != nil {
                return .left("c4_javascript_lines")
            }
            if options.curlyBracket, line.contains(UInt8(ascii: "{")) {
                return .dropsDocument("curly_bracket")
            }
            if options.policy,
                Self.policies.contains(where: { lower.firstPlace(of: $0, in: all) != nil })
            {
                return .left("c4_policy_lines")
            }
            return .kept(sentences: Lines.sentenceCount(line, in: all))
        }
    }

    private static let loremIpsum = Array("lorem ipsum".utf8)
    private static let javascript = Array("javascript".utf8)
    private static let policies = [
        "terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies",
        "use cookies",
    ].map { Array($0.utf8) }

    private static func lowerASCII(_ line: UTF8Bytes) -> [UInt8] {
        line.map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }
    }

    private static func isEnded(_ line: UTF8Bytes) -> Bool {
        guard let last = line.last, !line.ends(0..<line.count, with: "...") else { return false }
        return ".?!\"'".utf8.contains(last)
    }
}

// MARK: Words and citations

extension C4Quality {
    /// The number of words, as white space separates them.
    private static func wordCount(_ text: UTF8Bytes, _ range: Range<Int>) -> Int {
        var count = 0
        forEachWord(text, range) { _ in count += 1 }
        return count
    }

    private static func hasLongWord(
        _ text: UTF8Bytes, _ range: Range<Int>, over length: Int
    ) -> Bool {
        guard range.count > length else { return false }
        var isFound = false
        forEachWord(text, range) { isFound = isFound || $0 > length }
        return isFound
    }

    private static func forEachWord(
        _ text: UTF8Bytes, _ range: Range<Int>, _ body: (_ length: Int) -> Void
    ) {
        let table = CharacterTable.shared
        var (position, length) = (range.lowerBound, 0)
        while position < range.upperBound {
            let (value, count) = text.scalar(at: position)
            position += count
            if table.of(value).contains(.space) {
                if length > 0 { body(length) }
                length = 0
            } else {
                length += 1
            }
        }
        if length > 0 { body(length) }
    }

    /// The line without marks such as [12], [], [edit] and [citation needed].
    private static func withoutCitations(_ line: Slice<UTF8Bytes>) -> [UInt8] {
        guard line.contains(UInt8(ascii: "[")) else { return Array(line) }
        var (kept, index): ([UInt8], Int) = ([], line.startIndex)
        while index < line.endIndex {
            if line[index] == UInt8(ascii: "["), let count = citationLength(line[index...]) {
                index += count
            } else {
                kept.append(line[index])
                index += 1
            }
        }
        return kept
    }

    private static func citationLength(_ text: Slice<UTF8Bytes>) -> Int? {
        for mark in ["[edit]", "[citation needed]"] where text.starts(with: mark.utf8) {
            return mark.utf8.count
        }
        // Digits of every script count.
        let table = CharacterTable.shared
        let inner = UTF8Bytes(rebasing: text)
        var index = 1
        while index < inner.count {
            let (value, count) = inner.scalar(at: index)
            if value == 0x5D { return index + 1 }
            guard table.of(value).contains(.digit) else { return nil }
            index += count
        }
        return nil
    }
}
