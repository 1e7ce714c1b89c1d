/// Renders a document in one style.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    private let style: JSONStyle
    private var level = 0

    init(_ style: JSONStyle) {
        self.style = style
    }

    mutating func write(_ value: JSONValue) {
        switch value {
        case .null: write("null")
        case .boolean(let value): write(value ? "true" : "false")
        case .integer(let value): write("\(value)")
        // JSON has no infinity and no NaN.
        case .number(let value): write(value.isFinite ? value.description : "null")
        case .bytes(let value): writeString(value)
        case .array(let values):
            writeList(values, in: "[]") { $0.write($1) }
        case .members(let members):
            let members = style.isSorted ? value.sorted.members ?? members : members
            writeList(members, in: "{}") {
                $0.writeString($1.key)
                $0.write($0.style.isPretty ? ": " : ":")
                $0.write($1.value)
            }
        }
    }

    private mutating func writeList<Element>(
        _ elements: [Element], in brackets: String,
        _ writeElement: (inout JSONWriter, Element) -> Void
    ) {
        write(brackets.prefix(1))
        level += 1
        for (index, element) in elements.enumerated() {
            if index > 0 { write(",") }
            breakLine()
            writeElement(&self, element)
        }
        level -= 1
        if !elements.isEmpty { breakLine() }
        write(brackets.suffix(1))
    }

    private mutating func breakLine() {
        guard style.isPretty else { return }
        write("\n")
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * level))
    }

    /// Escapes what RFC 8259 demands and nothing else.
    private mutating func writeString(_ string: [UInt8]) {
        write("\"")
        for byte in string {
            switch byte {
            case UInt8(ascii: "\""): write("\\\"")
            case UInt8(ascii: "\\"): write("\\\\")
            case UInt8(ascii: "\n"): write("\\n")
            case UInt8(ascii: "\r"): write("\\r")
            case UInt8(ascii: "\t"): write("\\t")
            case 0x08 where style.hasShortEscapes: write("\\b")
            case 0x0C where style.hasShortEscapes: write("\\f")
            case 0..<0x10: write("\\u000" + String(byte, radix: 16))
            case 0x10..<0x20: write("\\u00" + String(byte, radix: 16))
            default: bytes.append(byte)
            }
        }
        write("\"")
    }

    private mutating func write(_ text: some StringProtocol) {
        bytes.append(contentsOf: text.utf8)
    }
}

/// How a document is laid out. The files that other programs write too are written as they do.
package struct JSONStyle: Sendable {
    /// Whether there are two spaces a level and one value a line; otherwise everything is in one
    /// line.
    var isPretty: Bool
    /// Whether members are sorted by the bytes of their names, so that equal contents are equal
    /// bytes; otherwise they are in their own order.
    var isSorted: Bool
    var endsWithNewline: Bool
    /// Whether `\b` and `\f` are written, where there is else `\u0008` and `\u000c`.
    var hasShortEscapes: Bool

    /// One line without spaces.
    package static let compact = JSONStyle(
        isPretty: false, isSorted: true, endsWithNewline: false, hasShortEscapes: false)

    /// One line without spaces, members in their own order.
    package static let record = JSONStyle(
        isPretty: false, isSorted: false, endsWithNewline: false, hasShortEscapes: false)

    /// The style in which Hugging Face writes config.json.
    package static let configuration = JSONStyle(
        isPretty: true, isSorted: true, endsWithNewline: true, hasShortEscapes: false)

    /// The style in which the `tokenizers` library writes tokenizer.json.
    package static let tokenizer = JSONStyle(
        isPretty: true, isSorted: false, endsWithNewline: false, hasShortEscapes: true)
}
