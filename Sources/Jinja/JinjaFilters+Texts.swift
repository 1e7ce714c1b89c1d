import Diagnostics

/// Filters of texts.
extension JinjaFilters {
    static let texts: [String: Filter] = [
        "upper": { value, _ in .string(JinjaString(value.text).uppercased) },
        "lower": { value, _ in .string(JinjaString(value.text).lowercased) },
        "capitalize": { value, _ in .string(JinjaString(value.text).capitalized) },
        "title": { value, _ in .string(titled(value.text)) },
        "trim": { value, call in
            try call.allow("chars")
            return .string(JinjaString(value.text).stripped(try call.string(0, "chars")))
        },
        "string": { value, _ in .string(value.text) },
        "safe": { value, _ in .string(value.text) },
        "escape": { value, _ in .string(escaped(value.text)) },
        "e": { value, _ in .string(escaped(value.text)) },
        "forceescape": { value, _ in .string(escaped(value.text)) },
        "replace": { value, call in
            try call.allow("old", "new", "count")
            let function = JinjaMethods.strings["replace"]
            return try function?(JinjaString(value.text), call) ?? value
        },
        "indent": { value, call in
            try call.allow("width", "first", "blank")
            return .string(try indented(value.text, call))
        },
        "center": { value, call in
            let width = try call.integer(0, "width") ?? 80
            try call.limits.make(max(0, width))
            return .string(
                JinjaString(value.text).padded(width, with: " ", left: true, right: true))
        },
        "truncate": { value, call in
            try call.allow("length", "killwords", "end", "leeway")
            return .string(try truncated(value.text, call))
        },
        "wordcount": { value, _ in .integer(words(value.text)) },
        "format": { value, call in
            let format = JinjaFormat(call.positional)
            return .string(try format.text(value.text))
        },
        "tojson": { value, call in
            try call.allow("ensure_ascii", "indent", "separators", "sort_keys")
            return .string(try json(call).text(value))
        },
    ]

    private static func json(_ call: JinjaCall) throws -> JinjaJSON {
        var json: JinjaJSON
        switch call.argument(1, "indent") {
        case .string(let text)?: json = JinjaJSON(indent: text)
        case .integer(let count)?:
            json = JinjaJSON(indent: String(repeating: " ", count: min(max(0, count), 64)))
        default: json = JinjaJSON()
        }
        json.escapesNonASCII = call.isTrue(0, "ensure_ascii")
        json.sortsKeys = call.isTrue(3, "sort_keys")
        if let separators = call.argument(2, "separators"), !separators.isNone {
            guard let pair = separators.elements?.map(\.text), pair.count == 2 else {
                throw JinjaFailure.rendering("tojson() takes two separators")
            }
            (json.itemSeparator, json.keySeparator) = (pair[0], pair[1])
        }
        return json
    }

    private static func escaped(_ text: String) -> String {
        let marks: [Unicode.Scalar: String] = [
            "&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&#39;", "\"": "&#34;",
        ]
        return text.unicodeScalars.map { marks[$0] ?? String(Character($0)) }.joined()
    }

    /// Jinja's own: words begin behind spaces, hyphens and opening brackets.
    private static func titled(_ text: String) -> String {
        var (result, isStart) = ("", true)
        for scalar in text.unicodeScalars {
            let properties = scalar.properties
            result += isStart ? properties.uppercaseMapping : properties.lowercaseMapping
            isStart = scalar.isJinjaSpace || "-({[<".unicodeScalars.contains(scalar)
        }
        return result
    }

    private static func indented(_ text: String, _ call: JinjaCall) throws -> String {
        let width = call.argument(0, "width") ?? .integer(4)
        let indent =
            width.string ?? String(repeating: " ", count: min(max(0, width.integer ?? 4), 1000))
        let hasBlank = call.isTrue(2, "blank")
        var lines = JinjaString(text + "\n").lines()
        try call.limits.make(text.utf8.count + lines.count * indent.utf8.count)
        for index in lines.indices.dropFirst() where hasBlank || !lines[index].isEmpty {
            lines[index] = indent + lines[index]
        }
        return (call.isTrue(1, "first") ? indent : "") + lines.joined(separator: "\n")
    }

    private static func truncated(_ text: String, _ call: JinjaCall) throws -> String {
        let length = try call.integer(0, "length") ?? 255
        let end = try call.string(2, "end") ?? "..."
        let leeway = try call.integer(3, "leeway") ?? 5
        let (string, endCount) = (JinjaString(text), end.unicodeScalars.count)
        guard length >= endCount, leeway >= 0 else {
            throw JinjaFailure.rendering("expected length >= \(endCount), got \(length)")
        }
        guard string.scalars.count > length + leeway else { return text }
        let kept = JinjaString(string.scalars.prefix(length - endCount))
        if call.isTrue(1, "killwords") { return kept.text + end }
        let cut = kept.lastRange(of: " ").map { JinjaString(kept.scalars[..<$0.lowerBound]) }
        return (cut ?? kept).text + end
    }

    private static func words(_ text: String) -> Int {
        var (count, isInside) = (0, false)
        for scalar in text.unicodeScalars {
            if scalar.isJinjaWord, !isInside { count += 1 }
            isInside = scalar.isJinjaWord
        }
        return count
    }
}
