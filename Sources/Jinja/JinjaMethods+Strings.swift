import Diagnostics

/// The methods of texts.
extension JinjaMethods {
    typealias Text = @Sendable (JinjaString, JinjaCall) throws -> JinjaValue

    static let strings: [String: Text] =
        letters.merging(ends) { $1 }.merging(parts) { $1 }.merging(searches) { $1 }

    private static let letters: [String: Text] = [
        "upper": { text, _ in .string(text.uppercased) },
        "lower": { text, _ in .string(text.lowercased) },
        "casefold": { text, _ in .string(text.lowercased) },
        "title": { text, _ in .string(text.titled) },
        "capitalize": { text, _ in .string(text.capitalized) },
        "isupper": { text, _ in .boolean(text.isUpper) },
        "islower": { text, _ in .boolean(text.isLower) },
        "isspace": { text, _ in .boolean(text.isAll(\.isJinjaSpace)) },
        "isdigit": { text, _ in .boolean(text.isAll(isDigit)) },
        "isdecimal": { text, _ in
            .boolean(text.isAll { $0.properties.numericType == .decimal })
        },
        "isnumeric": { text, _ in .boolean(text.isAll { $0.properties.numericType != nil }) },
        "isalpha": { text, _ in .boolean(text.isAll(isLetter)) },
        "isalnum": { text, _ in
            .boolean(text.isAll { isLetter($0) || $0.properties.numericType != nil })
        },
        "isascii": { text, _ in .boolean(text.scalars.allSatisfy(\.isASCII)) },
    ]

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.numericType == .decimal || scalar.properties.numericType == .digit
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter: true
        case .otherLetter: true
        default: false
        }
    }

    private static let ends: [String: Text] = [
        "strip": { text, call in .string(text.stripped(try call.string(0, "chars"))) },
        "lstrip": { text, call in
            .string(text.stripped(try call.string(0, "chars"), end: false))
        },
        "rstrip": { text, call in
            .string(text.stripped(try call.string(0, "chars"), start: false))
        },
        "startswith": { text, call in .boolean(try hasEnd(text, call) { $0.starts(with: $1) }) },
        "endswith": { text, call in .boolean(try hasEnd(text, call) { $0.ends(with: $1) }) },
        "removeprefix": { text, call in
            let part = try call.required(0, "prefix").text
            let count = part.unicodeScalars.count
            return .string(
                (text.starts(with: part) ? JinjaString(text.scalars.dropFirst(count)) : text).text)
        },
        "removesuffix": { text, call in
            let part = try call.required(0, "suffix").text
            let count = part.unicodeScalars.count
            return .string(
                (text.ends(with: part) ? JinjaString(text.scalars.dropLast(count)) : text).text)
        },
        "zfill": { text, call in
            let width = try width(call)
            let isSigned = text.starts(with: "-") || text.starts(with: "+")
            let sign = JinjaString(text.scalars.prefix(isSigned ? 1 : 0)).text
            let digits = JinjaString(text.scalars.dropFirst(isSigned ? 1 : 0))
            return .string(
                sign + digits.padded(width - sign.count, with: "0", left: true, right: false))
        },
        "ljust": { text, call in try padded(text, call, left: false, right: true) },
        "rjust": { text, call in try padded(text, call, left: true, right: false) },
        "center": { text, call in try padded(text, call, left: true, right: true) },
    ]

    /// Of one text, or of any in a tuple.
    private static func hasEnd(
        _ text: JinjaString, _ call: JinjaCall, _ test: (JinjaString, String) -> Bool
    ) throws -> Bool {
        let value = try call.required(0, "prefix")
        if case .tuple(let values) = value {
            return values.contains { $0.string.map { test(text, $0) } ?? false }
        }
        guard let part = value.string else {
            throw JinjaFailure.rendering(
                "\(call.name) first arg must be str or a tuple of str, not \(value.typeName)")
        }
        return test(text, part)
    }

    private static func width(_ call: JinjaCall) throws -> Int {
        let width = try call.integer(0, "width") ?? 0
        try call.limits.make(max(0, width))
        return width
    }

    private static func padded(
        _ text: JinjaString, _ call: JinjaCall, left: Bool, right: Bool
    ) throws -> JinjaValue {
        let fill = try call.string(1, "fillchar") ?? " "
        guard fill.unicodeScalars.count == 1 else {
            throw JinjaFailure.rendering("the fill character must be one character")
        }
        return .string(text.padded(try width(call), with: fill, left: left, right: right))
    }

    private static let parts: [String: Text] = [
        "split": { text, call in
            let limit = try call.integer(1, "maxsplit") ?? -1
            return list(text.split(try separator(call), limit: limit))
        },
        "rsplit": { text, call in
            let limit = try call.integer(1, "maxsplit") ?? -1
            return list(text.splitFromEnd(try separator(call), limit: limit))
        },
        "splitlines": { text, call in list(text.lines(keepsEnds: call.isTrue(0, "keepends"))) },
        "partition": { text, call in
            let mark = try call.required(0, "sep").text
            guard let range = text.range(of: mark) else {
                return .tuple([.string(text.text), .string(""), .string("")])
            }
            return divided(text, range)
        },
        "rpartition": { text, call in
            let mark = try call.required(0, "sep").text
            guard let range = text.lastRange(of: mark) else {
                return .tuple([.string(""), .string(""), .string(text.text)])
            }
            return divided(text, range)
        },
        "join": { text, call in
            guard let values = try call.required(0, "iterable").elements else {
                throw JinjaFailure.rendering("can only join an iterable")
            }
            let texts = try values.map { value -> String in
                guard let text = value.string else {
                    throw JinjaFailure.rendering("expected str instance, \(value.typeName) found")
                }
                return text
            }
            try call.limits.make(
                texts.reduce(0) { $0 + $1.utf8.count } + text.scalars.count * 4 * texts.count)
            return .string(texts.joined(separator: text.text))
        },
        "format": { text, call in
            .string(try JinjaBraces(call).text(text.scalars))
        },
    ]

    private static func list(_ texts: [String]) -> JinjaValue {
        .list(texts.map { .string($0) })
    }

    private static func separator(_ call: JinjaCall) throws -> String? {
        let separator = try call.string(0, "sep")
        guard separator != "" else { throw JinjaFailure.rendering("empty separator") }
        return separator
    }

    private static func divided(_ text: JinjaString, _ range: Range<Int>) -> JinjaValue {
        .tuple([
            .string(JinjaString(text.scalars[..<range.lowerBound]).text),
            .string(JinjaString(text.scalars[range]).text),
            .string(JinjaString(text.scalars[range.upperBound...]).text),
        ])
    }

    private static let searches: [String: Text] = [
        "find": { text, call in
            .integer(text.range(of: try call.required(0, "sub").text)?.lowerBound ?? -1)
        },
        "rfind": { text, call in
            .integer(text.lastRange(of: try call.required(0, "sub").text)?.lowerBound ?? -1)
        },
        "index": { text, call in
            guard let range = text.range(of: try call.required(0, "sub").text) else {
                throw JinjaFailure.rendering("substring not found")
            }
            return .integer(range.lowerBound)
        },
        "count": { text, call in .integer(text.count(of: try call.required(0, "sub").text)) },
        "replace": { text, call in
            let (old, new) = try (call.required(0, "old").text, call.required(1, "new").text)
            let count = try call.integer(2, "count") ?? -1
            let places = old.isEmpty ? text.scalars.count + 1 : text.count(of: old)
            let (size, isHuge) = places.multipliedReportingOverflow(by: new.utf8.count)
            try call.limits.make(isHuge ? .max : size)
            return .string(text.replacing(old, with: new, limit: count))
        },
    ]
}

/// Python's `"...".format(...)`, of places without a format.
private struct JinjaBraces {
    private let call: JinjaCall

    init(_ call: JinjaCall) { self.call = call }

    func text(_ format: [Unicode.Scalar]) throws -> String {
        var (result, index, next) = ([Unicode.Scalar](), 0, 0)
        while index < format.count {
            let scalar = format[index]
            let isDoubled = index + 1 < format.count && format[index + 1] == scalar
            if scalar != "{" && scalar != "}" || isDoubled {
                result.append(scalar)
                index += scalar == "{" || scalar == "}" ? 2 : 1
                continue
            }
            guard scalar == "{", let end = format[index...].firstIndex(of: "}") else {
                throw JinjaFailure.rendering("a single brace in a format")
            }
            let name = JinjaString(format[(index + 1)..<end]).text
            let value = name.isEmpty ? call.argument(next, "") : named(name)
            guard let value else {
                throw JinjaFailure.rendering("the format's place '{\(name)}' has no value")
            }
            if name.isEmpty { next += 1 }
            try call.limits.make(result.count + value.text.utf8.count)
            result += value.text.unicodeScalars
            index = end + 1
        }
        return JinjaString(result).text
    }

    private func named(_ name: String) -> JinjaValue? {
        guard let index = Int(name) else { return call.named.first { $0.name == name }?.value }
        return index >= 0 ? call.argument(index, "") : nil
    }
}
