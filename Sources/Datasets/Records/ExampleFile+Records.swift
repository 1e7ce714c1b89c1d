import Diagnostics
import Foundation
import JSON

extension ExampleFile {
    /// The ending of the file's name, in small letters and without its point.
    var ending: String {
        let name = path.split(separator: "/").last ?? ""
        return name.contains(".") ? name.split(separator: ".").last?.lowercased() ?? "" : ""
    }

    /// The records of JSON, of JSON Lines, or of a table whose first row names its columns.
    ///
    /// - Parameters:
    ///   - log: gets what cannot be read, where that may be left out.
    ///   - areNames: whether a row holds names of columns.
    func records(
        _ log: inout RecordLog, _ areNames: ([String]) -> Bool
    ) throws(Failure) -> [JSONRecord] {
        guard let format = tableFormat(areNames) else { return try jsonRecords(&log) }
        return try tableRecords(format, &log, areNames)
    }

    /// The records of JSON or of JSON Lines. An empty file has none.
    func jsonRecords(_ log: inout RecordLog) throws(Failure) -> [JSONRecord] {
        do throws(Failure) {
            return try JSONRecord.parse(bytes, at: path)
        } catch {
            // An array that is broken somewhere is broken as a whole.
            let isArray = bytes.first { $0 > 0x20 } == UInt8(ascii: "[")
            guard log.policy == .skip, !isArray else { throw error }
        }
        var records: [JSONRecord] = []
        for (line, result) in JSONRecord.lines(of: bytes, at: path) {
            switch result {
            case .success(let value): records.append(JSONRecord(value: value, line: line))
            case .failure(let failure):
                try log.count(.null, failure)
            }
        }
        return records
    }

    // MARK: Tables

    /// The format of a table by the ending of the file's name; nil for a file that is none.
    func tableFormat(_ areNames: ([String]) -> Bool) -> DelimitedFormat? {
        switch ending {
        case "tsv", "tab": tabFormat
        case "csv": csvFormat(areNames)
        default: nil
        }
    }

    /// Commas, unless something else separates the names of the columns.
    private func csvFormat(_ areNames: ([String]) -> Bool) -> DelimitedFormat {
        let formats: [DelimitedFormat] = [.csv, .semicolons, .bars, tabFormat]
        return formats.first { format in
            areNames((try? records(format, limit: 1))?.first?.names ?? [])
        } ?? .csv
    }

    /// The rows of a table as objects of texts; an empty field is null.
    private func tableRecords(
        _ format: DelimitedFormat, _ log: inout RecordLog, _ areNames: ([String]) -> Bool
    ) throws(Failure) -> [JSONRecord] {
        let rows = try rows(format, &log)
        guard let names = rows.first?.names else { return [] }
        guard areNames(names) else {
            throw Failure(
                "the first row names no columns of conversations",
                expected: "names such as instruction and output, or messages",
                got: names.prefix(10).joined(separator: ", "), at: place(ofLine: rows[0].line),
                remedy: "name the columns in the first row")
        }
        var records: [JSONRecord] = []
        for row in rows.dropFirst() {
            let fields = row.cut(to: names.count).fields
            guard fields.count == names.count else {
                try log.count(
                    .array(row.fields.map(JSONValue.string)), length(of: row, names.count))
                continue
            }
            let members = zip(names, fields).map { name, text in
                JSONValue.Member(
                    key: Array(name.utf8), value: text.isEmpty ? .null : .string(text))
            }
            records.append(JSONRecord(value: .members(members), line: row.line))
        }
        return records
    }

    /// The rows of a table, but for those that are left out.
    func rows(
        _ format: DelimitedFormat, _ log: inout RecordLog
    ) throws(Failure) -> [DelimitedRecord] {
        var reader = DelimitedReader(file: self, format: format)
        var rows: [DelimitedRecord] = []
        while true {
            do throws(Failure) {
                guard let row = try reader.next() else { return rows }
                rows.append(row)
            } catch {
                guard !reader.isAtEnd else { throw error }
                try log.count(.string(reader.skipRow()), error)
            }
        }
    }

    /// A row has too many fields, or too few.
    func length(of row: DelimitedRecord, _ count: Int) -> Failure {
        Failure(
            "the row has another length than the first", expected: "\(count) fields",
            got: "\(row.fields.count)", at: place(ofLine: row.line))
    }
}

extension DelimitedRecord {
    /// The fields as names of columns.
    var names: [String] { fields.map { $0.trimmingCharacters(in: .whitespaces) } }

    /// The row without empty fields behind the last column: some programs end each row with a
    /// comma.
    func cut(to count: Int) -> DelimitedRecord {
        var record = self
        while record.fields.count > count, record.fields.last == "" { record.fields.removeLast() }
        return record
    }
}
