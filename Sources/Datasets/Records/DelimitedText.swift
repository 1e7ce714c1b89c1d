import Diagnostics

/// How the fields of a table in a text file are separated.
package enum DelimitedFormat: Sendable {
    /// Commas; a field in double quotes may hold commas, line breaks and, doubled, quotes.
    /// Source: RFC 4180. A quote inside a field that does not begin with one is a character. Spaces
    /// between a comma and a quote, on either side of a field, belong to none.
    case csv
    /// Tabs; a quote is a character like any other.
    case tsv
    /// Semicolons, otherwise as CSV; spreadsheets write them where the comma is in numbers.
    case semicolons
    /// Vertical bars, otherwise as CSV.
    case bars

    fileprivate var separator: UInt8 {
        switch self {
        case .csv: UInt8(ascii: ",")
        case .tsv: UInt8(ascii: "\t")
        case .semicolons: UInt8(ascii: ";")
        case .bars: UInt8(ascii: "|")
        }
    }
}

/// One row of a table.
package struct DelimitedRecord: Equatable, Sendable {
    package var fields: [String]
    /// The line in which the row begins.
    package var line: Int
}

extension ExampleFile {
    /// The rows of a table; blank lines are none.
    ///
    /// - Parameter limit: the most rows to read.
    /// - Throws: `Failure` for a quoted field without an end, or with something behind its end.
    package func records(
        _ format: DelimitedFormat, limit: Int = .max
    ) throws(Failure) -> [DelimitedRecord] {
        var reader = DelimitedReader(file: self, format: format)
        var records: [DelimitedRecord] = []
        while records.count < limit, let record = try reader.next() { records.append(record) }
        return records
    }
}

private struct DelimitedReader {
    let file: ExampleFile
    let format: DelimitedFormat
    private var position = 0
    private var line = 1

    private static let (quote, newline, carriageReturn) = (
        UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r")
    )

    init(file: ExampleFile, format: DelimitedFormat) {
        self.file = file
        self.format = format
    }

    private var bytes: [UInt8] { file.bytes }

    mutating func next() throws(Failure) -> DelimitedRecord? {
        while takeLineEnd() {}
        guard position < bytes.count else { return nil }
        var record = DelimitedRecord(fields: [], line: line)
        repeat {
            record.fields.append(try field())
        } while take(format.separator)
        if !takeLineEnd(), position < bytes.count {
            throw Failure(
                "the row is not valid CSV", expected: "a comma or the end of the line",
                got: "text behind a closing quote", at: file.place(ofLine: line),
                remedy: "double the quotes inside a quoted field")
        }
        return record
    }

    private mutating func field() throws(Failure) -> String {
        let start = position
        if format != .tsv {
            takeSpaces()
            if take(Self.quote) {
                let text = try quotedField()
                takeSpaces()
                return text
            }
            position = start
        }
        while position < bytes.count, bytes[position] != format.separator, !isAtLineEnd {
            position += 1
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func quotedField() throws(Failure) -> String {
        let firstLine = line
        var text: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == Self.quote {
                guard take(Self.quote) else { return String(decoding: text, as: UTF8.self) }
            }
            if byte == Self.newline { line += 1 }
            text.append(byte)
        }
        throw Failure(
            "a quoted field has no end", expected: "a closing quote", got: "the end of the file",
            at: file.place(ofLine: firstLine))
    }

    private mutating func takeSpaces() {
        while take(UInt8(ascii: " ")) {}
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private var isAtLineEnd: Bool {
        if bytes[position] == Self.newline { return true }
        return bytes[position] == Self.carriageReturn && position + 1 < bytes.count
            && bytes[position + 1] == Self.newline
    }

    private mutating func takeLineEnd() -> Bool {
        guard position < bytes.count, isAtLineEnd else { return false }
        position += bytes[position] == Self.newline ? 1 : 2
        line += 1
        return true
    }
}
