import Diagnostics
import Foundation
import JSON

/// Reads texts with their labels from CSV, TSV or JSON lines, by the ending of the file's name.
package struct LabelledTextFile {
    private let file: ExampleFile
    private let columns: LabelledTextColumns
    private let needsLabels: Bool

    /// - Parameter needsLabels: whether a file without labels is refused.
    package static func read(
        _ path: String, columns: LabelledTextColumns = LabelledTextColumns(),
        needsLabels: Bool = true
    ) throws(Failure) -> [LabelledText] {
        let reader = LabelledTextFile(
            file: try ExampleFile(reading: path), columns: columns, needsLabels: needsLabels)
        let texts = try reader.texts(of: path)
        guard !texts.isEmpty else {
            throw Failure("the file holds no text", expected: "at least one record", at: path)
        }
        return texts
    }

    private func texts(of path: String) throws(Failure) -> [LabelledText] {
        if path.hasSuffix(".csv") { return try texts(of: file.records(csvFormat)) }
        if path.hasSuffix(".tsv") { return try texts(of: file.records(.tsv)) }
        if path.hasSuffix(".jsonl") { return try jsonTexts() }
        guard needsLabels else { return try plainTexts() }
        throw Failure(
            "texts with labels are no plain text", expected: "a file *.csv, *.tsv or *.jsonl",
            got: "another ending", at: path,
            remedy: "name such a file; examples of instructions need finetune.task=instructions")
    }
}

// MARK: JSON and plain lines

extension LabelledTextFile {
    private func jsonTexts() throws(Failure) -> [LabelledText] {
        var texts: [LabelledText] = []
        for (line, value) in try file.jsonLines() {
            let place = file.place(ofLine: line)
            guard let text = value[columns.text]?.string else {
                throw missing(columns.text, expected: "a string", value, at: place)
            }
            let label = value[columns.label].flatMap(Self.label)
            // A null is a label that is missing; a record without the field is a mistake.
            let isKnown = value[columns.label].map { $0.isNull || label != nil } ?? !needsLabels
            guard isKnown else {
                throw missing(
                    columns.label, expected: "a string, an integer or a boolean", value, at: place)
            }
            texts.append(try LabelledText(text: text, label: label, place: place))
        }
        return texts
    }

    private static func label(_ value: JSONValue) -> String? {
        switch value {
        case .bytes, .integer, .boolean: value.string ?? value.text()
        default: nil
        }
    }

    private func missing(
        _ field: String, expected: String, _ value: JSONValue, at place: String
    ) -> Failure {
        let names = value.members?.map { String(decoding: $0.key, as: UTF8.self) }
        let fields = names.map { "the fields \($0.joined(separator: ", "))" } ?? value.summary
        return Failure(
            "the record has no suitable \(field)", expected: expected,
            got: value[field]?.summary ?? fields, at: place)
    }

    private func plainTexts() throws(Failure) -> [LabelledText] {
        var texts: [LabelledText] = []
        for (line, bytes) in file.lines {
            texts.append(
                try LabelledText(
                    text: String(decoding: bytes, as: UTF8.self), label: nil,
                    place: file.place(ofLine: line)))
        }
        return texts
    }
}

// MARK: Tables

extension LabelledTextFile {
    /// Commas, unless something else separates the names of the columns.
    private var csvFormat: DelimitedFormat {
        let formats: [DelimitedFormat] = [.csv, .semicolons, .bars, .tsv]
        return formats.first { format in
            let names = (try? file.records(format, limit: 1))?.first?.names ?? []
            return names.contains(columns.text)
        } ?? .csv
    }

    private func texts(of records: [DelimitedRecord]) throws(Failure) -> [LabelledText] {
        guard let first = records.first?.named else { return [] }
        let isName = Int(columns.text) == nil
        let hasHeader = columns.hasHeader ?? (isName && first.fields.contains(columns.text))
        let textColumn = try column(columns.text, in: first, hasHeader)
        let labelColumn = try labelColumn(in: first, hasHeader)
        var texts: [LabelledText] = []
        for record in records.dropFirst(hasHeader ? 1 : 0) {
            let place = file.place(ofLine: record.line)
            let record = record.cut(to: first.fields.count)
            guard record.fields.count == first.fields.count else {
                throw Failure(
                    "the row has another length than the first",
                    expected: "\(first.fields.count) fields", got: "\(record.fields.count)",
                    at: place)
            }
            texts.append(
                try LabelledText(
                    text: record.fields[textColumn], label: labelColumn.map { record.fields[$0] },
                    place: place))
        }
        return texts
    }

    /// The index of the column of labels; nil where there are no labels and none are needed.
    private func labelColumn(
        in first: DelimitedRecord, _ hasHeader: Bool
    ) throws(Failure) -> Int? {
        let isOptional = !needsLabels && columns.label == LabelledTextColumns.defaultLabel
        let isThere = hasHeader ? first.fields.contains(columns.label) : first.fields.count > 1
        return isOptional && !isThere ? nil : try column(columns.label, in: first, hasHeader)
    }

    /// The index of the column with a name, else with a number. Without either, two columns are
    /// label and text, and a single one is the text.
    private func column(
        _ name: String, in first: DelimitedRecord, _ hasHeader: Bool
    ) throws(Failure) -> Int {
        let count = first.fields.count
        if hasHeader, let index = first.fields.firstIndex(of: name) { return index }
        if let number = Int(name), (1...count).contains(number) { return number - 1 }
        if !hasHeader, count <= 2 {
            if name == LabelledTextColumns.defaultText { return count - 1 }
            if name == LabelledTextColumns.defaultLabel, count == 2 { return 0 }
        }
        throw Failure(
            "the table has no column \(name)",
            expected: hasHeader ? "\(name) in the first row" : "a number from 1 to \(count)",
            got: hasHeader ? first.fields.joined(separator: ", ") : name,
            at: file.place(ofLine: first.line), remedy: "name the columns of texts and labels")
    }
}

extension DelimitedRecord {
    /// The fields as names of columns.
    fileprivate var names: [String] { fields.map { $0.trimmingCharacters(in: .whitespaces) } }

    /// The row, which may be that of the names.
    fileprivate var named: DelimitedRecord { DelimitedRecord(fields: names, line: line) }

    /// The row without empty fields behind the last column: some programs end each row with a
    /// comma.
    fileprivate func cut(to count: Int) -> DelimitedRecord {
        var record = self
        while record.fields.count > count, record.fields.last == "" { record.fields.removeLast() }
        return record
    }
}
