/// Text of a shard as a report shows it.
package enum QuotedText {
    /// The first `limit` characters in quotes, on one line, without control characters; three
    /// dots tell that there is more.
    package static func line(_ text: String, limit: Int, isCut: Bool = false) -> String {
        let shown = text.prefix(limit)
        let escaped = shown.unicodeScalars.map { scalar in
            switch scalar {
            case "\n": "\\n"
            case "\t": "\\t"
            case _ where scalar.properties.generalCategory == .control: "\u{FFFD}"
            default: String(scalar)
            }
        }
        let isCut = isCut || shown.endIndex < text.endIndex
        return "\"\(escaped.joined())\"" + (isCut ? " ..." : "")
    }
}
