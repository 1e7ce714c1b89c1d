import Diagnostics

/// Cuts the source of a template into tokens. With the white-space control of transformers the line
/// break after a block goes (`trim_blocks`), and so does what indents one (`lstrip_blocks`).
///
/// Source: jinja2 3.1, lexer.py.
struct JinjaLexer {
    private let source: [Unicode.Scalar]
    private let style: JinjaStyle
    private var position = 0
    private var line = 1
    private(set) var tokens: [JinjaToken] = []
    /// Whether a line begins at the position.
    private var startsLine = true

    /// Bytes that a template may have; the longest published ones have some 30,000.
    static let maximumSize = 1 << 20

    /// - Throws: `Failure` for what is no token, and for a template without bounds.
    init(_ text: String, _ style: JinjaStyle) throws {
        self.style = style
        guard text.utf8.count <= Self.maximumSize else {
            throw JinjaFailure.syntax(
                "at most \(Self.maximumSize) bytes", got: "\(text.utf8.count)", line: 1)
        }
        source = Self.normalized(text, style)
        while position < source.count { try root() }
        append(.end)
    }

    /// Line breaks are one character, and that of the last line of a chat template is left out.
    private static func normalized(_ text: String, _ style: JinjaStyle) -> [Unicode.Scalar] {
        var scalars: [Unicode.Scalar] = []
        for scalar in text.unicodeScalars {
            if scalar == "\n", scalars.last == "\r" { scalars.removeLast() }
            scalars.append(scalar)
        }
        scalars = scalars.map { $0 == "\r" ? "\n" : $0 }
        if style == .chat, scalars.last == "\n" { scalars.removeLast() }
        return scalars
    }

    // MARK: Text

    private enum Tag { case variable, block, comment }

    private mutating func root() throws {
        guard let (start, tag) = nextTag() else {
            append(text: source[position...])
            position = source.count
            return
        }
        let text = source[position..<start]
        position = start + 2
        let sign = position < source.count ? source[position] : " "
        append(text: stripped(text, sign: sign, tag))
        if sign == "-" || sign == "+" { position += 1 }
        count(source[start..<position])
        switch tag {
        case .comment: try comment()
        case .variable: try expression(.variableBegin, .variableEnd)
        case .block:
            if try raw() { return }
            try expression(.blockBegin, .blockEnd)
        }
    }

    private func nextTag() -> (Int, Tag)? {
        guard position + 1 < source.count else { return nil }
        for index in position..<source.count - 1 where source[index] == "{" {
            switch source[index + 1] {
            case "{": return (index, .variable)
            case "%": return (index, .block)
            case "#": return (index, .comment)
            default: break
            }
        }
        return nil
    }

    private func stripped(
        _ text: ArraySlice<Unicode.Scalar>, sign: Unicode.Scalar, _ tag: Tag
    ) -> ArraySlice<Unicode.Scalar> {
        if sign == "-" {
            let end = text.lastIndex { !$0.isJinjaSpace }.map { $0 + 1 } ?? text.startIndex
            return text[..<end]
        }
        guard style == .chat, sign != "+", tag != .variable else { return text }
        let lineBreak = text.lastIndex(of: "\n")
        guard lineBreak != nil || startsLine else { return text }
        let start = lineBreak.map { $0 + 1 } ?? text.startIndex
        return text[start...].allSatisfy(\.isJinjaSpace) ? text[..<start] : text
    }

    private mutating func append(text: ArraySlice<Unicode.Scalar>) {
        if !text.isEmpty { append(.data(Self.string(text))) }
        count(text)
    }

    private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var string = String.UnicodeScalarView()
        string.append(contentsOf: scalars)
        return String(string)
    }

    private mutating func append(_ kind: JinjaToken.Kind) {
        tokens.append(JinjaToken(kind: kind, line: line))
    }

    private mutating func count(_ scalars: ArraySlice<Unicode.Scalar>) {
        line += scalars.count { $0 == "\n" }
    }

    // MARK: Ends

    private func isNext(_ text: String, at place: Int? = nil) -> Bool {
        source[(place ?? position)...].starts(with: text.unicodeScalars)
    }

    /// The place behind the end of a tag, with the white space that goes with it; nil where there is none.
    private func end(_ mark: String, trims: Bool, at place: Int) -> Int? {
        if isNext("-" + mark, at: place) { return skippingSpace(from: place + 3) }
        if trims, isNext("+" + mark, at: place) { return place + 3 }
        guard isNext(mark, at: place) else { return nil }
        return trims && style == .chat && isNext("\n", at: place + 2) ? place + 3 : place + 2
    }

    private func skippingSpace(from place: Int) -> Int {
        source[place...].firstIndex { !$0.isJinjaSpace } ?? source.count
    }

    private mutating func pass(to end: Int) {
        startsLine = end > position && source[end - 1] == "\n"
        count(source[position..<end])
        position = end
    }

    private mutating func comment() throws {
        var place = position
        while place < source.count {
            if let end = end("#}", trims: true, at: place) { return pass(to: end) }
            place += 1
        }
        throw failure("'#}'", got: "the end of the template")
    }

    /// Passes over `{% raw %}` to its end; false where another block stands here.
    private mutating func raw() throws -> Bool {
        guard let begin = wordEnd("raw", from: position),
            let start = isNext("-%}", at: begin)
                ? skippingSpace(from: begin + 3) : isNext("%}", at: begin) ? begin + 2 : nil
        else { return false }
        pass(to: start)
        for place in start..<source.count where isNext("{%", at: place) {
            let sign = place + 2 < source.count ? source[place + 2] : " "
            let name = sign == "-" || sign == "+" ? place + 3 : place + 2
            guard let word = wordEnd("endraw", from: name),
                let end = end("%}", trims: true, at: word)
            else { continue }
            append(text: stripped(source[start..<place], sign: sign, .block))
            position = place
            pass(to: end)
            return true
        }
        throw failure("'{% endraw %}'", got: "the end of the template")
    }

    /// The place behind a word and the white space around it.
    private func wordEnd(_ word: String, from place: Int) -> Int? {
        guard place <= source.count else { return nil }
        let start = skippingSpace(from: place)
        guard isNext(word, at: start) else { return nil }
        return skippingSpace(from: start + word.unicodeScalars.count)
    }

    // MARK: Expressions

    private static let symbols = ["//", "**", "==", "!=", ">=", "<="]
    private static let brackets: [Unicode.Scalar: Unicode.Scalar] = ["(": ")", "[": "]", "{": "}"]

    private mutating func expression(
        _ begin: JinjaToken.Kind, _ finish: JinjaToken.Kind
    ) throws {
        append(begin)
        let mark = begin == .blockBegin ? "%}" : "}}"
        var open: [Unicode.Scalar] = []
        while position < source.count {
            if open.isEmpty, let end = end(mark, trims: begin == .blockBegin, at: position) {
                append(finish)
                return pass(to: end)
            }
            try token(&open)
        }
        throw failure("'\(mark)'", got: "the end of the template")
    }

    private mutating func token(_ open: inout [Unicode.Scalar]) throws {
        let scalar = source[position]
        if scalar.isJinjaSpace {
            pass(to: skippingSpace(from: position))
        } else if scalar.isJinjaDigit {
            try number()
        } else if scalar.isJinjaWord {
            let end = source[position...].firstIndex { !$0.isJinjaWord } ?? source.count
            append(.name(Self.string(source[position..<end])))
            position = end
        } else if scalar == "'" || scalar == "\"" {
            try string(quote: scalar)
        } else {
            try symbol(&open)
        }
    }

    private mutating func symbol(_ open: inout [Unicode.Scalar]) throws {
        let scalar = source[position]
        let symbol = Self.symbols.first { isNext($0) } ?? String(Character(scalar))
        guard symbol.count == 2 || "+-/*%~[](){}><=.:|,;".unicodeScalars.contains(scalar) else {
            throw failure("an expression", got: "'\(symbol)'")
        }
        if let close = Self.brackets[scalar] {
            open.append(close)
        } else if Self.brackets.values.contains(scalar), open.popLast() != scalar {
            throw failure("brackets in pairs", got: "'\(symbol)'")
        }
        append(.symbol(symbol))
        position += symbol.count
    }

    private mutating func number() throws {
        var scanner = JinjaNumber(source[position...])
        guard let kind = scanner.token() else { throw failure("a number", got: "another") }
        append(kind)
        position = scanner.position
    }

    private mutating func string(quote: Unicode.Scalar) throws {
        var scanner = JinjaQuote(source[(position + 1)...])
        guard let text = scanner.text(until: quote) else {
            throw failure("a string with its end", got: "an open one, or \\N{...}")
        }
        append(.string(text))
        count(source[position..<scanner.position])
        position = scanner.position
    }

    private func failure(_ expected: String, got: String) -> Failure {
        JinjaFailure.syntax(expected, got: got, line: line)
    }
}
