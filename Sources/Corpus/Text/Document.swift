import JSON

/// A text on its way through the pipeline, with what its source told of it.
package struct Document {
    /// The text in valid UTF-8.
    package var text: [UInt8] {
        didSet { foundWords = nil }
    }
    /// The other fields of its record, in their order.
    package var metadata: [JSONValue.Member]
    /// The file and the place in it, for people.
    package var source: String
    /// The words of the text, once they were asked for.
    private var foundWords: [Word]?

    package init(text: [UInt8], metadata: [JSONValue.Member] = [], source: String = "") {
        self.text = text
        self.metadata = metadata
        self.source = source
    }

    package mutating func words() -> [Word] {
        if let foundWords { return foundWords }
        let words = text.withUnsafeBufferPointer { Words.words(of: $0) }
        foundWords = words
        return words
    }

    /// Sets a field of the record, in its place or at the end.
    package mutating func set(_ key: String, _ value: JSONValue) {
        let key = Array(key.utf8)
        if let index = metadata.firstIndex(where: { $0.key == key }) {
            metadata[index].value = value
        } else {
            metadata.append(.init(key: key, value: value))
        }
    }

    package subscript(_ key: String) -> JSONValue? {
        metadata.first { $0.key.elementsEqual(key.utf8) }?.value
    }
}

/// Records as lines of JSON: the text first, then the other fields.
package enum RecordText {
    package static let textField = "text"

    package static func append(_ document: Document, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: #"{"text":"#.utf8)
        appendString(document.text, to: &bytes)
        for member in document.metadata {
            bytes.append(UInt8(ascii: ","))
            appendString(member.key, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            bytes += member.value.rendered(.record)
        }
        bytes.append(contentsOf: "}\n".utf8)
    }

    /// Copies whole stretches between the characters that are escaped.
    private static func appendString(_ text: [UInt8], to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        var start = 0
        text.withUnsafeBufferPointer { text in
            for index in text.indices {
                let byte = text[index]
                guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
                    continue
                }
                bytes.append(contentsOf: text[start..<index])
                bytes += escape(byte)
                start = index + 1
            }
            bytes.append(contentsOf: text[start...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func escape(_ byte: UInt8) -> [UInt8] {
        switch byte {
        case UInt8(ascii: "\""): Array("\\\"".utf8)
        case UInt8(ascii: "\\"): Array("\\\\".utf8)
        case UInt8(ascii: "\n"): Array("\\n".utf8)
        case UInt8(ascii: "\r"): Array("\\r".utf8)
        case UInt8(ascii: "\t"): Array("\\t".utf8)
        default: Array("\\u00\(byte < 16 ? "0" : "")".utf8) + Array(String(byte, radix: 16).utf8)
        }
    }
}
