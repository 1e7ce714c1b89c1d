import Diagnostics

/// How the fields of a table in a text file are separated.
package enum DelimitedFormat: Sendable {
    /// Commas; a field in double quotes may hold commas, line breaks and, doubled, quotes.
    /// Source: RFC 4180. A quote inside a field that does not begin with one is a character. Spaces
    /// between a comma and a quote, on either side of a field, belong to none.
    case csv
    /// Tabs; a quote is a character like any other.
    case tsv
    /// Tabs, otherwise as CSV; pandas and spreadsheets write them.
    case quotedTabs
    /// Semicolons, otherwise as CSV; spreadsheets write them where the comma is in numbers.
    case semicolons
    /// Vertical bars, otherwise as CSV.
    case bars

    fileprivate var separator: UInt8 {
        switch self {
        case .csv: UInt8(ascii: ",")
        case .tsv, .quotedTabs: UInt8(ascii: "\t")
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
    /// The format of a table with tabs: quotes enclose fields where each quote of the file is that of an
    /// enclosed field, and one of these holds what must be enclosed.
    ///
    /// Writers that enclose a field for a tab or a line break enclose one for a quote, too; so a quote
    /// inside an open field shows that quotes are characters.
    var tabFormat: DelimitedFormat {
        var scan = EnclosedFields(bytes)
        return scan.areProper() ? .quotedTabs : .tsv
    }

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

struct DelimitedReader {
    let file: ExampleFile
    let format: DelimitedFormat
    private var position = 0
    private var line = 1
    /// Where the last row begins.
    private var rowStart = 0

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
        rowStart = position
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

    /// Whether nothing is left, as behind a quoted field without an end.
    var isAtEnd: Bool { position >= bytes.count }

    /// Goes on behind the line in which a row could not be read.
    ///
    /// - Returns: what is passed over.
    mutating func skipRow() -> String {
        while position < bytes.count, !isAtLineEnd { position += 1 }
        return String(decoding: bytes[rowStart..<position], as: UTF8.self)
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

/// Looks through a table with tabs for fields in quotes.
private struct EnclosedFields {
    private let bytes: [UInt8]
    private var position = 0
    /// Whether an enclosed field holds what no open one can.
    private var isNeeded = false

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func areProper() -> Bool {
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "\"") {
                position += 1
                guard passEnclosed() else { return false }
            } else {
                while position < bytes.count, !isAtEnd {
                    if bytes[position] == UInt8(ascii: "\"") { return false }
                    position += 1
                }
            }
            position += 1
        }
        return isNeeded
    }

    /// Goes to the end of the field; false where something stands behind the closing quote.
    private mutating func passEnclosed() -> Bool {
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard position < bytes.count, bytes[position] == byte else {
                    return position == bytes.count || isAtEnd
                }
                position += 1
                isNeeded = true
            case UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: ","): isNeeded = true
            default: break
            }
        }
        return false
    }

    /// Whether a tab or the end of a line comes next.
    private var isAtEnd: Bool {
        let byte = bytes[position]
        return byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\n")
            || byte == UInt8(ascii: "\r")
    }
}
