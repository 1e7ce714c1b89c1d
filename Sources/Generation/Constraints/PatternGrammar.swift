import Diagnostics
import Tokenizers

extension ByteGrammar {
    /// The whole texts of a pattern; `^` and `$` may stand at its ends.
    package static func whole(_ pattern: String) throws -> ByteGrammar {
        let tree = try PatternTree(pattern, at: "the pattern")
        return grammar(of: try trimmed(tree, pattern).tree) { utf8($0) }
    }

    /// The texts within JSON strings in which a pattern occurs; `^` and `$` hold it at the ends.
    static func jsonString(matching pattern: String) throws -> ByteGrammar {
        let tree = try PatternTree(pattern, at: "the pattern")
        let parts = if case .alternatives(let parts) = tree { parts } else { [tree] }
        return .alternatives(
            try parts.map { part in
                let (tree, isAtStart, isAtEnd) = try trimmed(part, pattern)
                let any = ByteGrammar.repeated(jsonCharacter, minimum: 0, maximum: nil)
                return .sequence([
                    isAtStart ? .empty : any, grammar(of: tree) { jsonCharacters($0) },
                    isAtEnd ? .empty : any,
                ])
            })
    }

    /// A pattern without the anchors at its ends.
    private static func trimmed(
        _ tree: PatternTree, _ pattern: String
    ) throws -> (tree: PatternTree, isAtStart: Bool, isAtEnd: Bool) {
        var parts = if case .sequence(let parts) = tree { parts } else { [tree] }
        let isAtStart = parts.first == .start
        if isAtStart { parts.removeFirst() }
        let isAtEnd = parts.last == .end
        if isAtEnd { parts.removeLast() }
        guard !parts.contains(where: \.hasAnchor) else {
            throw Failure(
                "cannot write by the pattern", expected: "^ and $ at its ends alone",
                got: "one within it", at: "'\(pattern.prefix(200))'")
        }
        return (.sequence(parts), isAtStart, isAtEnd)
    }

    private static func grammar(
        of tree: PatternTree, _ characters: ([ClosedRange<UInt32>]) -> ByteGrammar
    ) -> ByteGrammar {
        switch tree {
        case .empty, .start, .end: .empty
        case .set(let ranges): characters(ranges)
        case .sequence(let parts): .sequence(parts.map { grammar(of: $0, characters) })
        case .alternatives(let parts): .alternatives(parts.map { grammar(of: $0, characters) })
        case .repeated(let part, let minimum, let maximum):
            .repeated(grammar(of: part, characters), minimum: minimum, maximum: maximum)
        }
    }

    /// The UTF-8 of the code points of some ranges.
    static func utf8(_ ranges: [ClosedRange<UInt32>]) -> ByteGrammar {
        .alternatives(ranges.flatMap { UTF8Ranges.sequences(of: $0) })
    }

    /// The code points of some ranges as JSON strings write them: quotes, backslashes and control
    /// characters are escaped.
    private static func jsonCharacters(_ ranges: [ClosedRange<UInt32>]) -> ByteGrammar {
        var escaped: [ByteGrammar] = []
        let short: [(UInt32, String)] = [
            (0x22, "\\\""), (0x5C, "\\\\"), (0x08, "\\b"), (0x09, "\\t"), (0x0A, "\\n"),
            (0x0C, "\\f"), (0x0D, "\\r"),
        ]
        for (value, text) in short where ranges.contains(where: { $0.contains(value) }) {
            escaped.append(.text(text))
        }
        let plain = ranges.flatMap { range in
            [0x20...0x21, 0x23...0x5B, 0x5D...0xD7FF, 0xE000...0x10FFFF].compactMap {
                (part: ClosedRange<UInt32>) in
                part.overlaps(range) ? part.clamped(to: range) : nil
            }
        }
        return .alternatives(escaped + (plain.isEmpty ? [] : [utf8(plain)]))
    }

    /// Any character of a JSON string.
    static let jsonCharacter = jsonCharacters([0x08...0x0D, 0x20...0x10FFFF])
}

extension PatternTree {
    fileprivate var hasAnchor: Bool {
        switch self {
        case .empty, .set: false
        case .start, .end: true
        case .sequence(let parts), .alternatives(let parts): parts.contains(where: \.hasAnchor)
        case .repeated(let part, _, _): part.hasAnchor
        }
    }
}

/// Ranges of code points as sequences of ranges of bytes.
private enum UTF8Ranges {
    static func sequences(of range: ClosedRange<UInt32>) -> [ByteGrammar] {
        // The code points of one, two, three and four bytes, without the surrogates.
        [0...0x7F, 0x80...0x7FF, 0x800...0xD7FF, 0xE000...0xFFFF, 0x10000...0x10FFFF].flatMap {
            (part: ClosedRange<UInt32>) -> [ByteGrammar] in
            guard part.overlaps(range) else { return [] }
            let own = part.clamped(to: range)
            return split(bytes(own.lowerBound), bytes(own.upperBound))
        }
    }

    private static func bytes(_ value: UInt32) -> [UInt8] {
        Unicode.Scalar(value).map { Array(String($0).utf8) } ?? []
    }

    /// Between two sequences of the same length.
    private static func split(_ low: [UInt8], _ high: [UInt8]) -> [ByteGrammar] {
        guard let first = low.first, let last = high.first else { return [.empty] }
        let (lowRest, highRest) = (Array(low.dropFirst()), Array(high.dropFirst()))
        let least = lowRest.map { _ in UInt8(0x80) }
        let most = lowRest.map { _ in UInt8(0xBF) }
        func part(
            _ bytes: ClosedRange<UInt8>, _ low: [UInt8], _ high: [UInt8]
        ) -> ByteGrammar {
            .sequence([.set(ByteSet([bytes])), .alternatives(split(low, high))])
        }
        if first == last { return [part(first...first, lowRest, highRest)] }
        var parts: [ByteGrammar] = []
        var (from, to) = (first, last)
        if lowRest != least {
            parts.append(part(first...first, lowRest, most))
            from += 1
        }
        if highRest != most {
            parts.append(part(last...last, least, highRest))
            to -= 1
        }
        if from <= to { parts.append(part(from...to, least, most)) }
        return parts
    }
}
