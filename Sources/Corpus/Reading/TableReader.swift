import Diagnostics
import JSON

/// A row of a table. Source: RFC 4180; in tables of tabs a quote is a character like any other.
package enum TableRow {
    package static func fields(of row: [UInt8], separator: UInt8) -> [[UInt8]] {
        let quote = UInt8(ascii: "\"")
        let hasQuotes = separator != UInt8(ascii: "\t")
        var (fields, field, index): ([[UInt8]], [UInt8], Int) = ([], [], 0)
        var (isQuoted, isAtStart) = (false, true)
        while index < row.count {
            let byte = row[index]
            index += 1
            if isQuoted {
                guard byte == quote else {
                    field.append(byte)
                    continue
                }
                let isDoubled = index < row.count && row[index] == quote
                if isDoubled { field.append(quote) } else { isQuoted = false }
                index += isDoubled ? 1 : 0
            } else if byte == separator {
                fields.append(field)
                (field, isAtStart) = ([], true)
            } else if byte == quote, isAtStart, hasQuotes {
                (isQuoted, isAtStart) = (true, false)
            } else {
                field.append(byte)
                isAtStart = false
            }
        }
        return fields + [field]
    }

    /// Whether a quoted field is open at the end of the bytes.
    package static func isOpen(_ row: [UInt8], separator: UInt8) -> Bool {
        guard separator != UInt8(ascii: "\t") else { return false }
        let quote = UInt8(ascii: "\"")
        var (isQuoted, isAtStart) = (false, true)
        for byte in row {
            if byte == quote, isQuoted || isAtStart {
                // A doubled quote closes and opens again.
                isQuoted.toggle()
                isAtStart = !isQuoted
            } else if !isQuoted {
                isAtStart = byte == separator
            }
        }
        return isQuoted
    }
}

/// The rows of a table, whose other columns are metadata.
package final class TableReader: DocumentReader {
    private let lines: LineReader
    private let rules: ReadingRules
    private let separator: UInt8
    private var names: [[UInt8]] = []
    private var textIndex = 0

    package init(_ stream: any ByteStream, separator: UInt8, _ rules: ReadingRules) throws {
        lines = try LineReader(stream)
        self.rules = rules
        self.separator = separator
        guard let head = try row() else { return }
        names = TableRow.fields(of: head.bytes, separator: separator)
        textIndex = names.firstIndex { $0.elementsEqual(rules.options.textField.utf8) } ?? 0
    }

    package func next() throws -> ReadRecord? {
        guard let row = try row() else { return nil }
        let place = "\(rules.path), byte \(row.offset)"
        let fields = TableRow.fields(of: row.bytes, separator: separator)
        guard fields.count > textIndex else {
            return try rules.unreadable(
                "no_text", "\(names.count) fields", got: "\(fields.count)", place, row.bytes)
        }
        var metadata: [JSONValue.Member] = []
        for (index, name) in names.enumerated() where index != textIndex && index < fields.count {
            let value = try rules.text(fields[index], at: place).text
            metadata.append(.init(key: name, value: .bytes(value)))
        }
        let text = try rules.text(fields[textIndex], at: place)
        return .document(Document(text: text.text, metadata: metadata, source: place))
    }

    /// A row, which quoted line ends make longer than a line.
    private func row() throws -> Line? {
        guard var row = try lines.next() else { return nil }
        while row.bytes.isEmpty {
            guard let next = try lines.next() else { return nil }
            row = next
        }
        while TableRow.isOpen(row.bytes, separator: separator), let more = try lines.next() {
            row.bytes.append(0x0A)
            row.bytes += more.bytes
        }
        return row
    }
}
