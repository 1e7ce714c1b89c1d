import Diagnostics
import Foundation
import JSON

/// Reads texts with their labels from CSV, TSV, JSON or JSON lines, by the ending of the file's name.
package struct LabelledTextFile {
    private let file: ExampleFile
    private let columns: LabelledTextColumns
    private let needsLabels: Bool

    /// - Parameters:
    ///   - needsLabels: whether a file without labels is refused.
    ///   - log: gets the records that cannot be used, where they may be left out, and the fields that
    ///     nothing reads.
    package static func read(
        _ path: String, columns: LabelledTextColumns = LabelledTextColumns(),
        encoding: TextEncoding = .utf8, needsLabels: Bool = true, _ log: inout RecordLog
    ) throws(Failure) -> [LabelledText] {
        let reader = LabelledTextFile(
            file: try ExampleFile(reading: path, encoding), columns: columns,
            needsLabels: needsLabels)
        let texts = try reader.texts(&log)
        guard !texts.isEmpty else {
            throw Failure("the file holds no text", expected: "at least one record", at: path)
        }
        return texts
    }

    package static func read(
        _ path: String, columns: LabelledTextColumns = LabelledTextColumns(),
        encoding: TextEncoding = .utf8, needsLabels: Bool = true
    ) throws(Failure) -> [LabelledText] {
        var log = RecordLog()
        return try read(
            path, columns: columns, encoding: encoding, needsLabels: needsLabels, &log)
    }

    private func texts(_ log: inout RecordLog) throws(Failure) -> [LabelledText] {
        if let format = file.tableFormat({ [columns] in $0.contains(columns.text) }) {
            return try texts(of: file.rows(format, &log), &log)
        }
        if ["json", "jsonl", "ndjson"].contains(file.ending) { return try jsonTexts(&log) }
        guard needsLabels else { return try plainTexts() }
        throw Failure(
            "texts with labels are no plain text",
            expected: "a file *.csv, *.tsv, *.json or *.jsonl", got: "another ending",
            at: file.path,
            remedy: "name such a file; examples of instructions need finetune.task=instructions")
    }
}

// MARK: JSON and plain lines

extension LabelledTextFile {
    private func jsonTexts(_ log: inout RecordLog) throws(Failure) -> [LabelledText] {
        var texts: [LabelledText] = []
        for record in try file.jsonRecords(&log) {
            let found = try log.read(record.value) { (log) throws(Failure) in
                try text(of: record, &log)
            }
            if let found { texts.append(found) }
        }
        return texts
    }

    private func text(
        of record: JSONRecord, _ log: inout RecordLog
    ) throws(Failure) -> LabelledText {
        let (value, place) = (record.value, "\(file.path), \(record.place)")
        let fields = RecordFields(value, at: place)
        guard let text = try fields.value(columns.text)?.string else {
            throw missing(columns.text, expected: "a string", value, at: place)
        }
        let found = try fields.value(columns.label)
        let label = found.flatMap(Self.label)
        // A null is a label that is missing; a record without the field is a mistake.
        let isKnown = label != nil || found == nil && (fields.exists(columns.label) || !needsLabels)
        guard isKnown else {
            throw missing(
                columns.label, expected: "a string, an integer or a boolean", value, at: place)
        }
        log.noteUnused(fields.unreadNames)
        return try LabelledText(text: text, label: label, place: place)
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
    private func texts(
        of rows: [DelimitedRecord], _ log: inout RecordLog
    ) throws(Failure) -> [LabelledText] {
        guard let first = rows.first else { return [] }
        let table = try LabelledTable(first, columns, needsLabels: needsLabels, of: file)
        if !table.hasHeader { try table.requireOrder(of: rows) }
        var texts: [LabelledText] = []
        for row in rows.dropFirst(table.hasHeader ? 1 : 0) {
            let values = JSONValue.array(row.fields.map(JSONValue.string))
            let text = try log.read(values) { (log) throws(Failure) in
                let fields = try table.fields(of: row)
                log.noteUnused(table.unusedColumns(fields))
                return try LabelledText(
                    text: fields[table.textColumn],
                    label: table.labelColumn.map { fields[$0] },
                    place: file.place(ofLine: row.line))
            }
            if let text { texts.append(text) }
        }
        return texts
    }
}
