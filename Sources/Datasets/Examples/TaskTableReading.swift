import Diagnostics
import Foundation
import JSON

extension ExampleFile {
    /// The format of a table; nil for a file of JSON.
    func taskFormat(_ table: TaskTable) -> DelimitedFormat? {
        switch table.delimiter {
        case "\t": return tabFormat
        case ";": return .semicolons
        case "|": return .bars
        case ",": return .csv
        default: break
        }
        switch ending {
        case "tsv", "tab": return tabFormat
        case "csv": return .csv
        default: return nil
        }
    }

    /// The rows of a table as documents.
    func tableDocuments(
        _ format: DelimitedFormat, _ table: TaskTable
    ) throws(Failure) -> [TaskDocument] {
        var rows = try records(format)
        guard let first = rows.first else { return [] }
        var names = first.names
        if let columns = table.columns {
            names = columns
        } else if let layout = layout(of: first, table) {
            names = layout
            if isHeader(first, table) { rows.removeFirst() }
        } else {
            rows.removeFirst()
        }
        var columns = names.map { _ in [String]() }
        for row in rows {
            let fields = row.cut(to: names.count).fields
            guard fields.count == names.count else {
                throw Failure(
                    "the row has another length than the first", expected: "\(names.count) fields",
                    got: "\(fields.count)", at: place(ofLine: row.line))
            }
            for (index, field) in fields.enumerated() { columns[index].append(field) }
        }
        let values = columns.map {
            table.isTyped ? TaskColumn.values($0) : $0.map(JSONValue.string)
        }
        let subject = subject.map { ["subject": JSONValue.string($0)] } ?? [:]
        return rows.indices.map { row in
            let fields = zip(names, values).map { ($0, $1[row]) }
            return TaskDocument(
                Dictionary(fields) { first, _ in first }.merging(subject) { first, _ in first },
                at: place(ofLine: rows[row].line))
        }
    }

    /// The names of the columns of a table that is published without them.
    private func layout(of first: DelimitedRecord, _ table: TaskTable) -> [String]? {
        guard table.known.isDisjoint(with: first.names) else { return nil }
        return table.layouts.first { $0.count == first.fields.count }
    }

    private func isHeader(_ first: DelimitedRecord, _ table: TaskTable) -> Bool {
        table.header.map(first.names.contains) ?? false
    }

    /// The subject of a file of MMLU, which is in its name alone.
    private var subject: String? {
        let stem = URL(filePath: path).deletingPathExtension().lastPathComponent
        return stem.firstMatch(of: /^(.+)_(?:val|test|dev)$/).map { String($0.output.1) }
    }
}

/// A column of a table, whose type pandas would find out.
enum TaskColumn {
    static func values(_ texts: [String]) -> [JSONValue] {
        let given = texts.filter { !$0.isEmpty }
        guard !given.isEmpty else { return texts.map { _ in .null } }
        if given.allSatisfy({ Int($0) != nil }) {
            let isWhole = given.count == texts.count
            return texts.map { text in
                Int(text).map { isWhole ? .integer($0) : .number(Double($0)) } ?? .null
            }
        }
        if given.allSatisfy(isNumber) {
            return texts.map { Double($0).map(JSONValue.number) ?? .null }
        }
        let truths = [
            "True": true, "False": false, "TRUE": true, "FALSE": false, "true": true,
            "false": false,
        ]
        if given.count == texts.count, given.allSatisfy({ truths[$0] != nil }) {
            return texts.map { .boolean(truths[$0] ?? false) }
        }
        return texts.map { $0.isEmpty ? .null : .string($0) }
    }

    /// A text that stands alone.
    static func value(_ text: String) -> JSONValue {
        Int(text).map(JSONValue.integer) ?? .string(text)
    }

    private static func isNumber(_ text: String) -> Bool {
        text.allSatisfy { "0123456789+-.eE".contains($0) } && Double(text) != nil
    }
}
