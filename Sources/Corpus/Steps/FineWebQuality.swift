import Options

/// The thresholds of FineWeb's own rules. Source: Penedo et al. 2024, section 3.6.
package struct FineWebOptions: OptionBlock {
    /// Share of lines that end a sentence; usual 0.12.
    package var minimumEndedLines = 0.12
    /// Share of short lines; usual 0.67.
    package var maximumShortLines = 0.67
    /// Characters of a line that is short; usual 30.
    package var shortLineLength = 30
    /// Share of the characters in lines that came before; usual 0.01.
    package var maximumRepeated = 0.01
    /// Line feeds a word; usual 0.3.
    package var maximumLineFeeds = 0.3

    package init() {}

    package static var fields: [OptionField<FineWebOptions>] {
        [
            OptionField("minimum_ended_lines", \.minimumEndedLines, .atLeast(0), .changesFreely),
            OptionField("maximum_short_lines", \.maximumShortLines, .atLeast(0), .changesFreely),
            OptionField("short_line_length", \.shortLineLength, .atLeast(0), .changesFreely),
            OptionField("maximum_repeated", \.maximumRepeated, .atLeast(0), .changesFreely),
            OptionField("maximum_line_feeds", \.maximumLineFeeds, .atLeast(0), .changesFreely),
        ]
    }
}

/// FineWeb's own rules, with the reasons of datatrove.
package final class FineWebQuality: CleaningStep {
    private let options: FineWebOptions
    private let counter = HashCounter()

    package init(_ options: FineWebOptions) { self.options = options }

    package func apply(to document: inout Document) -> String? {
        if let reason = document.text.withUnsafeBufferPointer({ lineReason($0) }) { return reason }
        let feeds = document.text.count { $0 == 0x0A }
        let words = document.words().count
        return Double(feeds) / Double(words) > options.maximumLineFeeds ? "list_ratio" : nil
    }

    private func lineReason(_ text: UTF8Bytes) -> String? {
        let lines = Lines.parts(text, in: 0..<text.count, atLeast: 1)
            .filter { !text.trimmed($0).isEmpty }
        guard !lines.isEmpty else { return "empty" }
        let table = CharacterTable.shared
        let count = Double(lines.count)
        let ended = lines.count {
            table.of(text.scalar(before: $0.upperBound).value).contains(.terminal)
        }
        if Double(ended) / count < options.minimumEndedLines { return "line_punct_ratio" }
        let short = lines.count { isShort(text, $0) }
        if Double(short) / count > options.maximumShortLines { return "short_line_ratio" }
        let length = text.characterCount(in: 0..<text.count) - text.count { $0 == 0x0A }
        let repeated = Double(repeatedLength(lines, of: text)) / Double(length)
        return repeated > options.maximumRepeated ? "char_dup_ratio" : nil
    }

    private func isShort(_ text: UTF8Bytes, _ line: Range<Int>) -> Bool {
        // A character has at most four bytes.
        line.count <= 4 * options.shortLineLength
            && text.characterCount(in: line) <= options.shortLineLength
    }

    private func repeatedLength(_ lines: [Range<Int>], of text: UTF8Bytes) -> Int {
        counter.begin(lines.count)
        return lines.reduce(0) { length, line in
            let hash = TextHash.wide(text.raw(line)).low
            return counter.add(hash) > 1 ? length + text.characterCount(in: line) : length
        }
    }
}
