/// Renders JSON as the `tokenizers` library saves it: two spaces a level, text unescaped where
/// JSON allows it.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []

    static func render(_ value: JSONValue) -> [UInt8] {
        var writer = JSONWriter()
        writer.write(value, level: 0)
        return writer.bytes
    }

    /// A value in a message: at most 60 characters.
    static func text(_ value: JSONValue) -> String {
        String(String(decoding: render(value), as: UTF8.self).prefix(60))
    }

    private mutating func write(_ value: JSONValue, level: Int) {
        switch value {
        case .null: write("null")
        case .bool(let value): write(value ? "true" : "false")
        case .integer(let value): write("\(value)")
        case .real(let value): write("\(value)")
        case .string(let value): writeString(value)
        case .array(let values):
            writeList(values, open: "[", close: "]", level: level) {
                $0.write($1, level: level + 1)
            }
        case .object(let members):
            writeList(members, open: "{", close: "}", level: level) {
                $0.writeString($1.key)
                $0.write(": ")
                $0.write($1.value, level: level + 1)
            }
        }
    }

    private mutating func writeList<Element>(
        _ elements: [Element], open: String, close: String, level: Int,
        _ writeElement: (inout JSONWriter, Element) -> Void
    ) {
        write(open)
        for (index, element) in elements.enumerated() {
            write(index == 0 ? "\n" : ",\n")
            indent(level + 1)
            writeElement(&self, element)
        }
        if !elements.isEmpty {
            write("\n")
            indent(level)
        }
        write(close)
    }

    private mutating func writeString(_ string: [UInt8]) {
        write("\"")
        for byte in string {
            switch byte {
            case UInt8(ascii: "\""): write("\\\"")
            case UInt8(ascii: "\\"): write("\\\\")
            case 0x08: write("\\b")
            case 0x09: write("\\t")
            case 0x0A: write("\\n")
            case 0x0C: write("\\f")
            case 0x0D: write("\\r")
            case 0..<0x10: write("\\u000" + String(byte, radix: 16))
            case 0x10..<0x20: write("\\u00" + String(byte, radix: 16))
            default: bytes.append(byte)
            }
        }
        write("\"")
    }

    private mutating func indent(_ level: Int) {
        bytes.append(contentsOf: repeatElement(0x20, count: 2 * level))
    }

    private mutating func write(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    init(stringLiteral value: String) { self = .string(Array(value.utf8)) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(integerLiteral value: Int) { self = .integer(value) }
    init(nilLiteral: ()) { self = .null }
    init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member(key: Array($0.0.utf8), value: $0.1) })
    }
}
