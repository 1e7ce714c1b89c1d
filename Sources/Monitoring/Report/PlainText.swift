/// Text of others as it may stand on a terminal, on a page and in Markdown: it says what it says, and
/// does nothing.
package enum PlainText {
    /// The text without characters that steer terminals or turn the order of what is read; each is
    /// shown as a replacement character. Line breaks stay, tabs too.
    package static func visible(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map(shown)))
    }

    private static func shown(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar {
        case "\n", "\t": return scalar
        // They turn the order of what follows, or make two texts look alike.
        case "\u{200B}", "\u{200E}"..."\u{200F}", "\u{2028}"..."\u{202E}", "\u{2066}"..."\u{2069}",
            "\u{FEFF}":
            return "\u{FFFD}"
        case _ where scalar.properties.generalCategory == .control: return "\u{FFFD}"
        default: return scalar
        }
    }

    /// The same on one line.
    package static func line(_ text: String) -> String {
        visible(text).split(separator: "\n").joined(separator: " ")
    }

    /// The text between the tags of HTML and SVG, and in their attributes.
    package static func markup(_ text: String) -> String {
        visible(text).reduce(into: "") { markup, character in
            switch character {
            case "&": markup += "&amp;"
            case "<": markup += "&lt;"
            case ">": markup += "&gt;"
            case "\"": markup += "&quot;"
            case "'": markup += "&#39;"
            default: markup.append(character)
            }
        }
    }

    /// The text on one line of Markdown, in a cell of a table too.
    package static func markdown(_ text: String) -> String {
        line(text).reduce(into: "") { line, character in
            if "\\`*_[]<>#!|~&".contains(character) { line += "\\" }
            line.append(character)
        }
    }

    /// The text as a block of Markdown that shows it as it is.
    package static func block(_ text: String, _ language: String = "") -> String {
        let longest = visible(text).split { $0 != "`" }.map(\.count).max() ?? 0
        let fence = String(repeating: "`", count: max(3, longest + 1))
        return "\(fence)\(language)\n\(visible(text))\n\(fence)"
    }
}
