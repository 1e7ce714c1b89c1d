import Options

/// The thresholds of Gopher's rules of quality. Source: Rae et al. 2021, appendix A1.1.
package struct GopherQualityOptions: OptionBlock {
    /// Words that are not punctuation; usual 50 to 100,000.
    package var minimumWords = 50
    package var maximumWords = 100_000
    /// Characters a word; usual 3 to 10.
    package var minimumWordLength = 3.0
    package var maximumWordLength = 10.0
    /// Hashes, and ellipses, a word; usual 0.1.
    package var maximumSymbols = 0.1
    /// Share of lines that begin with a bullet; usual 0.9.
    package var maximumBullets = 0.9
    /// Share of lines that end with an ellipsis; usual 0.3.
    package var maximumEllipses = 0.3
    /// Share of words with a letter; usual 0.8.
    package var minimumLetters = 0.8
    /// How many of the stop words must be there; usual 2.
    package var minimumStopWords = 2
    package var stopWords = ["the", "be", "to", "of", "and", "that", "have", "with"]

    package init() {}

    package static var fields: [OptionField<GopherQualityOptions>] {
        [
            OptionField("minimum_words", \.minimumWords, .atLeast(0), .changesFreely),
            OptionField("maximum_words", \.maximumWords, .atLeast(1), .changesFreely),
            OptionField("minimum_word_length", \.minimumWordLength, .atLeast(0), .changesFreely),
            OptionField("maximum_word_length", \.maximumWordLength, .aboveZero, .changesFreely),
            OptionField("maximum_symbols", \.maximumSymbols, .atLeast(0), .changesFreely),
            OptionField("maximum_bullets", \.maximumBullets, .atLeast(0), .changesFreely),
            OptionField("maximum_ellipses", \.maximumEllipses, .atLeast(0), .changesFreely),
            OptionField("minimum_letters", \.minimumLetters, .atLeast(0), .changesFreely),
            OptionField("minimum_stop_words", \.minimumStopWords, .atLeast(0), .changesFreely),
            OptionField("stop_words", \.stopWords, .changesFreely),
        ]
    }
}

/// Gopher's rules of quality, with the reasons of datatrove.
package final class GopherQuality: CleaningStep {
    private let options: GopherQualityOptions
    private let stopWords: Set<UInt64>

    package init(_ options: GopherQualityOptions) {
        self.options = options
        stopWords = Set(
            options.stopWords.flatMap { word in
                Array(word.utf8).withUnsafeBufferPointer { Words.words(of: $0) }.map(\.hash)
            })
    }

    package func apply(to document: inout Document) -> String? {
        let words = document.words()
        if let reason = lengthReason(words) { return reason }
        return document.text.withUnsafeBufferPointer { text in
            symbolReason(text, wordCount: Double(words.count)) ?? lineReason(text)
        } ?? wordReason(words)
    }

    private func lengthReason(_ words: [Word]) -> String? {
        var (count, length) = (0, 0)
        for word in words where !word.isSymbol {
            count += 1
            length += Int(word.characterCount)
        }
        if count < options.minimumWords { return "gopher_short_doc" }
        if count > options.maximumWords { return "gopher_long_doc" }
        let mean = Double(length) / Double(count)
        if mean < options.minimumWordLength { return "gopher_below_avg_threshold" }
        if mean > options.maximumWordLength { return "gopher_above_avg_threshold" }
        return nil
    }

    private func symbolReason(_ text: UTF8Bytes, wordCount: Double) -> String? {
        let hashes = text.count { $0 == UInt8(ascii: "#") }
        if Double(hashes) / wordCount > options.maximumSymbols { return "gopher_too_many_hashes" }
        let ellipses = text.count(of: "...") + text.count(of: "…")
        if Double(ellipses) / wordCount > options.maximumSymbols {
            return "gopher_too_many_ellipsis"
        }
        return nil
    }

    private func lineReason(_ text: UTF8Bytes) -> String? {
        let lines = Lines.split(text)
        var (bullets, ellipses) = (0, 0)
        for line in lines {
            let line = text.trimmed(line)
            if text.begins(line, with: "•") || text.begins(line, with: "-") { bullets += 1 }
            if text.ends(line, with: "...") || text.ends(line, with: "…") { ellipses += 1 }
        }
        let count = Double(lines.count)
        if Double(bullets) / count > options.maximumBullets { return "gopher_too_many_bullets" }
        if Double(ellipses) / count > options.maximumEllipses {
            return "gopher_too_many_end_ellipsis"
        }
        return nil
    }

    private func wordReason(_ words: [Word]) -> String? {
        let letters = words.count { $0.hasLetter }
        if Double(letters) / Double(words.count) < options.minimumLetters {
            return "gopher_below_alpha_threshold"
        }
        guard options.minimumStopWords > 0 else { return nil }
        var seen: Set<UInt64> = []
        for word in words where stopWords.contains(word.hash) {
            seen.insert(word.hash)
            if seen.count >= options.minimumStopWords { return nil }
        }
        return "gopher_enough_stop_words"
    }
}
