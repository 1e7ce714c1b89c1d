import Diagnostics

/// A regular expression as Python's `re` has it, by code points.
package struct TextPattern: @unchecked Sendable {
    // A regex is a value that does not change.
    private let regex: Regex<AnyRegexOutput>

    /// Brackets of a pattern, each of which may be nested in the one before: the parser calls itself for
    /// them.
    private static let mostBrackets = 100
    private static let mostBytes = 10_000

    /// - Throws: `Failure` for what is no pattern, and for one that is too large.
    package init(_ pattern: String) throws(Failure) {
        let brackets = pattern.utf8.count { $0 == UInt8(ascii: "(") || $0 == UInt8(ascii: "[") }
        guard brackets <= Self.mostBrackets, pattern.utf8.count <= Self.mostBytes else {
            throw Failure(
                "the pattern is too large",
                expected: "at most \(Self.mostBytes) bytes and \(Self.mostBrackets) brackets",
                got: "\(pattern.utf8.count) and \(brackets)", kind: .usage)
        }
        do {
            regex = try Regex(pattern).matchingSemantics(.unicodeScalar)
                .wordBoundaryKind(.simple)
        } catch {
            throw Failure(
                "the pattern cannot be read: \(error)", expected: "a regular expression of Python",
                got: pattern, kind: .usage)
        }
    }

    /// What `re.findall` gives: the groups of each match, or the match where there are none.
    package func matches(in text: String) -> [[String]] {
        text.matches(of: regex).map { match in
            let groups = match.output.map { $0.substring.map(String.init) ?? "" }
            return groups.count > 1 ? Array(groups.dropFirst()) : groups
        }
    }

    /// What `re.sub` gives.
    ///
    /// - Parameters:
    ///   - replacement: may name groups of the match: `\1`, `\g<1>`.
    ///   - most: matches to replace at most.
    package func replacing(
        in text: String, with replacement: String, most: Int = .max
    ) -> String {
        text.replacing(regex, maxReplacements: most) { match in
            Self.expanded(replacement, match.output.map { $0.substring.map(String.init) ?? "" })
        }
    }

    private static func expanded(_ replacement: String, _ groups: [String]) -> String {
        guard replacement.contains("\\") else { return replacement }
        return replacement.replacing(/\\(?:g<(\d{1,2})>|(\d{1,2})|(.))/) { match in
            if let digits = match.output.1 ?? match.output.2, let number = Int(digits) {
                return number < groups.count ? groups[number] : ""
            }
            let letters: [Substring: String] = ["n": "\n", "t": "\t", "r": "\r", "\\": "\\"]
            return match.output.3.map { letters[$0] ?? String(match.output.0) } ?? ""
        }
    }
}
