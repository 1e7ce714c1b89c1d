/// The lines and sentences of a text, as the rules of FineWeb count them.
package enum Lines {
    /// The lines as Python's `splitlines` cuts them: at all line ends of Unicode, with nothing behind the
    /// last one.
    package static func split(_ text: UTF8Bytes) -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var (start, position) = (0, 0)
        while position < text.count {
            let byte = text[position]
            // Most bytes end no line.
            guard byte < 0x20 || byte >= 0xC2 else {
                position += 1
                continue
            }
            let (value, count) = text.scalar(at: position)
            guard isLineEnd(value) else {
                position += count
                continue
            }
            lines.append(start..<position)
            position += count
            if value == 0x0D, position < text.count, text[position] == 0x0A { position += 1 }
            start = position
        }
        if start < text.count { lines.append(start..<text.count) }
        return lines
    }

    private static func isLineEnd(_ value: UInt32) -> Bool {
        switch value {
        case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    /// The parts between line feeds, of which each stretch of at least `least` separates two.
    package static func parts(
        _ text: UTF8Bytes, in range: Range<Int>, atLeast least: Int
    ) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var (start, position) = (range.lowerBound, range.lowerBound)
        while position < range.upperBound {
            guard text[position] == 0x0A else {
                position += 1
                continue
            }
            let first = position
            while position < range.upperBound, text[position] == 0x0A { position += 1 }
            guard position - first >= least else { continue }
            parts.append(start..<first)
            start = position
        }
        parts.append(start..<range.upperBound)
        return parts
    }

    /// The number of sentences: each ends with marks such as a point, quotes and brackets behind them,
    /// and white space; the last with the text.
    package static func sentenceCount(_ text: UTF8Bytes, in range: Range<Int>) -> Int {
        let table = CharacterTable.shared
        var (count, position) = (1, range.lowerBound)
        let end = text.trimmed(range).upperBound
        while position < end {
            let (value, length) = text.scalar(at: position)
            position += length
            guard table.of(value).contains(.terminal) || value == 0x2026 else { continue }
            while position < end {
                let (value, length) = text.scalar(at: position)
                guard isCloser(value, table) else { break }
                position += length
            }
            guard position < end else { break }
            if table.of(text.scalar(at: position).value).contains(.space) { count += 1 }
        }
        return count
    }

    private static func isCloser(_ value: UInt32, _ table: CharacterTable) -> Bool {
        switch value {
        case 0x22, 0x27, 0x29, 0x5D, 0x7D, 0x201D, 0x2019, 0xBB, 0x2026: true
        default: table.of(value).contains(.terminal)
        }
    }
}
