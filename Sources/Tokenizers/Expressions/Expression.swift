import Diagnostics

/// A regular expression, or a literal text, to find in texts.
package struct Expression: Sendable {
    private enum Kind: Sendable {
        case literal([UInt8])
        case program(ExpressionProgram)
    }

    private let kind: Kind

    /// - Throws: `Failure` for syntax that is not read.
    package init(_ pattern: String, _ syntax: ExpressionSyntax, at place: String) throws {
        var parser = ExpressionParser(pattern, syntax, at: place)
        kind = .program(
            try ExpressionProgram(try parser.parse(), words: syntax.words) {
                ExpressionSyntax.refusal($0, in: pattern, at: place)
            })
    }

    /// - Parameter literal: not empty.
    init(literal: [UInt8]) { kind = .literal(literal) }

    /// The literal text that is looked for; nil for a regular expression.
    var literal: [UInt8]? {
        guard case .literal(let text) = kind else { return nil }
        return text
    }

    /// Calls `body` for each stretch of the text in order: matches, and what lies between them, which
    /// is never empty.
    ///
    /// A match of nothing right behind another match does not count.
    ///
    /// - Throws: `Failure` for a text that takes too many steps.
    package func forEachStretch(
        of text: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>, _ isMatch: Bool) throws -> Void
    ) throws {
        guard !text.isEmpty else { return }
        var previous = 0
        try forEachMatch(in: text) { match in
            if match.lowerBound > previous { try body(previous..<match.lowerBound, false) }
            try body(match, true)
            previous = match.upperBound
        }
        if previous < text.count { try body(previous..<text.count, false) }
    }

    private func forEachMatch(
        in text: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) throws -> Void
    ) throws {
        switch kind {
        case .literal(let literal): try forEach(literal, in: text, body)
        case .program(let program):
            var matcher = ExpressionMatcher(program, text)
            var start = 0
            var lastEnd: Int?
            while start <= text.count, let match = try matcher.firstMatch(from: start) {
                if match.isEmpty, match.upperBound == lastEnd {
                    guard start < text.count, let base = text.baseAddress else { return }
                    start += (base + start).codePoint.length
                    continue
                }
                try body(match)
                (start, lastEnd) = (match.upperBound, match.upperBound)
            }
        }
    }

    private func forEach(
        _ literal: [UInt8], in text: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) throws -> Void
    ) rethrows {
        var offset = 0
        while offset + literal.count <= text.count {
            let end = offset + literal.count
            if text[offset] == literal[0], text[offset..<end].elementsEqual(literal) {
                try body(offset..<end)
                offset = end
            } else {
                offset += 1
            }
        }
    }
}
