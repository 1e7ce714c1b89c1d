import Diagnostics
import JSON

/// What a reader finds next.
package enum ReadRecord {
    case document(Document)
    /// Something that holds no text, and why.
    case unreadable(reason: String, source: String, excerpt: [UInt8])
}

/// The documents of a file or of a part of it, in order.
package protocol DocumentReader: AnyObject {
    /// - Returns: nil at the end.
    func next() throws -> ReadRecord?
}

/// What all readers know.
package struct ReadingRules {
    package let options: CorpusOptions
    package let path: String

    /// The rules of a file in an archive.
    package func inside(_ name: String) -> ReadingRules {
        ReadingRules(options: options, path: "\(path), \(name)")
    }

    /// Text that is valid UTF-8, by replacing what is not; nil where it is refused.
    package func text(_ bytes: [UInt8], at place: String) throws -> (text: [UInt8], replaced: Int) {
        if bytes.allSatisfy({ $0 < 0x80 }) { return (bytes, 0) }
        if options.encoding == .latin1 { return (Mojibake.fromWindows(bytes), 0) }
        if String(validating: bytes, as: UTF8.self) != nil { return (bytes, 0) }
        if options.strict {
            throw Failure(
                "the text is not UTF-8", expected: "UTF-8", got: "other bytes", at: place,
                remedy: "convert it, set encoding, or leave out strict")
        }
        let mended = Array(String(decoding: bytes, as: UTF8.self).utf8)
        return (mended, Self.markCount(mended) - Self.markCount(bytes))
    }

    private static func markCount(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBufferPointer { $0.count(of: "\u{FFFD}") }
    }

    /// The document of a JSON object.
    package func document(_ value: JSONValue, at place: String, excerpt: [UInt8]) throws
        -> ReadRecord
    {
        guard var members = value.members else {
            return try unreadable("no_object", "an object", got: value.summary, place, excerpt)
        }
        let index = members.firstIndex { $0.key.elementsEqual(options.textField.utf8) }
        guard let index, let text = members[index].value.bytes else {
            let names = members.map { String(decoding: $0.key, as: UTF8.self) }
            let got = index.map { members[$0].value.summary } ?? names.joined(separator: ", ")
            return try unreadable(
                "no_text", "a text in the field \(options.textField)", got: got, place, excerpt)
        }
        members.remove(at: index)
        return document(text, members, at: place)
    }

    /// The document of a text and the other fields of its record.
    func document(_ text: [UInt8], _ fields: [JSONValue.Member], at place: String) -> ReadRecord {
        var members = fields
        // The field of that name is the text in what is written.
        if let other = members.firstIndex(where: { $0.key.elementsEqual(RecordText.textField.utf8) }
        ) {
            members[other].key = Array("original_text".utf8)
        }
        return .document(Document(text: text, metadata: members, source: place))
    }

    /// A record without a text, which `strict` refuses.
    package func unreadable(
        _ reason: String, _ expected: String, got: String, _ place: String, _ excerpt: [UInt8]
    ) throws -> ReadRecord {
        if options.strict {
            throw Failure(
                "a record has no text", expected: expected, got: got, at: place,
                remedy: "correct it, set text_field, or leave out strict to count such records")
        }
        return .unreadable(reason: reason, source: place, excerpt: Array(excerpt.prefix(200)))
    }
}

/// The records of JSON Lines that begin in a part of a file.
package final class JSONLinesReader: DocumentReader {
    private let lines: LineReader
    private let rules: ReadingRules
    private let textField: [UInt8]

    package convenience init(
        _ stream: any ByteStream, from offset: Int, limit: Int, _ rules: ReadingRules
    ) throws {
        self.init(try LineReader(stream, from: offset, limit: limit), rules)
    }

    package init(_ lines: LineReader, _ rules: ReadingRules) {
        self.lines = lines
        self.rules = rules
        textField = Array(rules.options.textField.utf8)
    }

    package func next() throws -> ReadRecord? {
        while let line = try lines.next() {
            if line.bytes.allSatisfy({ $0 <= 0x20 }) { continue }
            return try record(line)
        }
        return nil
    }

    private func record(_ line: Line) throws -> ReadRecord {
        let place = "\(rules.path), byte \(line.offset)"
        let plain = line.bytes.withUnsafeBytes {
            PlainRecord($0, textField: textField, at: place)
        }
        if let plain {
            return rules.document(plain.text, plain.metadata, at: place)
        }
        let value: JSONValue
        do throws(Failure) {
            value = try JSONValue(parsing: line.bytes, at: place)
        } catch {
            guard let mended = try? Self.mended(line.bytes, at: place) else {
                return try rules.unreadable(
                    "no_json", "JSON", got: error.line, place, line.bytes)
            }
            value = mended
        }
        return try rules.document(value, at: place, excerpt: line.bytes)
    }

    /// The record with its ill-formed bytes, and halves of pairs of surrogates, replaced.
    package static func mended(_ bytes: [UInt8], at place: String) throws -> JSONValue {
        let text = Array(String(decoding: bytes, as: UTF8.self).utf8)
        return try JSONValue(parsing: LoneSurrogates.replaced(text), at: place)
    }
}

/// Escapes of JSON such as \ud83d without the second half that they need.
package enum LoneSurrogates {
    package static func replaced(_ text: [UInt8]) -> [UInt8] {
        var (kept, index): ([UInt8], Int) = ([], 0)
        while index < text.count {
            guard text[index] == UInt8(ascii: "\\"), index + 1 < text.count else {
                kept.append(text[index])
                index += 1
                continue
            }
            guard let unit = unit(text, at: index), (0xD800...0xDFFF).contains(unit) else {
                kept += text[index..<index + 2]
                index += 2
                continue
            }
            let second = Self.unit(text, at: index + 6) ?? 0
            let isPair = unit < 0xDC00 && (0xDC00...0xDFFF).contains(second)
            kept += isPair ? Array(text[index..<index + 12]) : Array("\\ufffd".utf8)
            index += isPair ? 12 : 6
        }
        return kept
    }

    private static func unit(_ text: [UInt8], at index: Int) -> Int? {
        guard index + 6 <= text.count, text[index] == UInt8(ascii: "\\"),
            text[index + 1] == UInt8(ascii: "u")
        else { return nil }
        return Int(String(decoding: text[index + 2..<index + 6], as: UTF8.self), radix: 16)
    }
}
