import Options

/// The thresholds of Gopher's rules on repetition. Source: Rae et al. 2021, table A1.
package struct GopherRepetitionOptions: OptionBlock {
    /// Share of lines, and of paragraphs, that came before; usual 0.3.
    package var maximumLines = 0.3
    package var maximumParagraphs = 0.3
    /// Share of the characters in them; usual 0.2.
    package var maximumLineCharacters = 0.2
    package var maximumParagraphCharacters = 0.2
    /// Shares of the characters in the most frequent run of 2, 3 and 4 words.
    package var top = [0.2, 0.18, 0.16]
    /// Shares of the characters in runs of 5 to 10 words that came before.
    package var repeated = [0.15, 0.14, 0.13, 0.12, 0.11, 0.10]

    package init() {}

    package static var fields: [OptionField<GopherRepetitionOptions>] {
        [
            OptionField("maximum_lines", \.maximumLines, .atLeast(0), .changesFreely),
            OptionField("maximum_paragraphs", \.maximumParagraphs, .atLeast(0), .changesFreely),
            OptionField(
                "maximum_line_characters", \.maximumLineCharacters, .atLeast(0), .changesFreely),
            OptionField(
                "maximum_paragraph_characters", \.maximumParagraphCharacters, .atLeast(0),
                .changesFreely),
            OptionField("top", \.top, .changesFreely),
            OptionField("repeated", \.repeated, .changesFreely),
        ]
    }
}

/// Gopher's rules on repetition, with the reasons of datatrove.
package final class GopherRepetition: CleaningStep {
    private let options: GopherRepetitionOptions
    private let counter = HashCounter()
    /// The chains of hashes and of lengths of the words so far, which give those of any run of words.
    private var hashes: [UInt64] = []
    private var lengths: [Int] = []

    package init(_ options: GopherRepetitionOptions) { self.options = options }

    package func apply(to document: inout Document) -> String? {
        guard !document.text.isEmpty else { return "empty" }
        let reason = document.text.withUnsafeBufferPointer { lineReason($0) }
        if let reason { return reason }
        let length = document.text.withUnsafeBufferPointer { $0.characterCount(in: 0..<$0.count) }
        return wordReason(document.words(), length: Double(length))
    }

    private func lineReason(_ text: UTF8Bytes) -> String? {
        let length = Double(text.characterCount(in: 0..<text.count))
        let paragraphs = Lines.parts(text, in: text.trimmed(0..<text.count), atLeast: 2)
        let (same, characters) = duplicates(paragraphs, of: text)
        if Double(same) / Double(paragraphs.count) > options.maximumParagraphs {
            return "dup_para_frac"
        }
        if Double(characters) / length > options.maximumParagraphCharacters {
            return "dup_para_char_frac"
        }
        let lines = Lines.parts(text, in: 0..<text.count, atLeast: 1)
        let (sameLines, lineCharacters) = duplicates(lines, of: text)
        if Double(sameLines) / Double(lines.count) > options.maximumLines { return "dup_line_frac" }
        if Double(lineCharacters) / length > options.maximumLineCharacters {
            return "dup_line_char_frac"
        }
        return nil
    }

    private func duplicates(
        _ parts: [Range<Int>], of text: UTF8Bytes
    ) -> (count: Int, characters: Int) {
        counter.begin(parts.count)
        var (count, characters) = (0, 0)
        for part in parts
        where counter.add(TextHash.wide(text.raw(part)).low) > 1 {
            count += 1
            characters += text.characterCount(in: part)
        }
        return (count, characters)
    }

    private func wordReason(_ words: [Word], length: Double) -> String? {
        chain(words)
        for (index, share) in options.top.enumerated() where words.count >= index + 2 {
            if Double(topLength(index + 2, words.count)) / length > share {
                return "top_\(index + 2)_gram"
            }
        }
        for (index, share) in options.repeated.enumerated()
        where Double(repeatedLength(index + 5, words.count)) / length > share {
            return "duplicated_\(index + 5)_n_grams"
        }
        return nil
    }

    private func chain(_ words: [Word]) {
        hashes.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        var (hash, length) = (UInt64(0), 0)
        hashes.append(hash)
        lengths.append(length)
        for word in words {
            hash = hash &* TextHash.base &+ word.hash
            length += Int(word.characterCount)
            hashes.append(hash)
            lengths.append(length)
        }
    }

    private static func power(_ size: Int) -> UInt64 {
        (0..<size).reduce(1) { power, _ in power &* TextHash.base }
    }

    /// The characters of the most frequent run of words, with a space between two; of equally frequent ones
    /// the first.
    private func topLength(_ size: Int, _ wordCount: Int) -> Int {
        let power = Self.power(size)
        let runs = wordCount - size + 1
        counter.begin(runs)
        var most = 1
        for start in 0..<runs {
            most = max(most, counter.add(hashes[start + size] &- hashes[start] &* power))
        }
        for start in 0..<runs
        where counter.count(of: hashes[start + size] &- hashes[start] &* power) == most {
            return (lengths[start + size] - lengths[start] + size - 1) * most
        }
        return 0
    }

    /// The characters of runs that came before, none of which overlap.
    private func repeatedLength(_ size: Int, _ wordCount: Int) -> Int {
        let power = Self.power(size)
        counter.begin(max(0, wordCount - size + 1))
        var (start, length) = (0, 0)
        while start + size <= wordCount {
            if counter.add(hashes[start + size] &- hashes[start] &* power) > 1 {
                length += lengths[start + size] - lengths[start]
                start += size
            } else {
                start += 1
            }
        }
        return length
    }
}
