import Diagnostics
import Foundation
import JSON

/// Reads the documents of evaluation tasks: JSON, JSON Lines, and tables.
package enum TaskFile {
    /// The documents of files, in their order. All have the same fields, null where a file lacks one.
    ///
    /// - Throws: `Failure`, with file and line, for what cannot be read, and for files without a record.
    package static func read(_ paths: [String], _ table: TaskTable) throws -> [TaskDocument] {
        let documents = try paths.flatMap { try Self.documents(of: $0, table) }
        guard !documents.isEmpty else {
            throw Failure(
                "the task has no document", expected: "at least one record", got: "none",
                at: paths.joined(separator: ", "))
        }
        let names = Set(documents.flatMap(\.fields.keys))
        let empty = Dictionary(uniqueKeysWithValues: names.map { ($0, JSONValue.null) })
        return documents.map { TaskDocument(empty.merging($0.fields) { $1 }, at: $0.place) }
    }

    private static func documents(of path: String, _ table: TaskTable) throws -> [TaskDocument] {
        let file = try ExampleFile(reading: path)
        guard let format = file.taskFormat(table) else {
            let documents = try JSONRecord.parse(file.bytes, at: path).flatMap { record in
                try objects(in: record, of: path)
            }
            return try labelled(documents, besides: path)
        }
        return try file.tableDocuments(format, table)
    }

    private static func objects(
        in record: JSONRecord, of path: String
    ) throws(Failure) -> [TaskDocument] {
        let place = "\(path), \(record.place)"
        guard let fields = record.value.object else {
            throw Failure(
                "a document of the task cannot be read", expected: "an object",
                got: record.value.summary, at: place)
        }
        return SquadArticle(fields)?.documents(at: place) ?? [TaskDocument(fields, at: place)]
    }

    /// Labels that lie in a file of their own, one a line, as PIQA's do.
    private static func labelled(
        _ documents: [TaskDocument], besides path: String
    ) throws -> [TaskDocument] {
        let labels = path.replacing(/\.jsonl$/, with: "-labels.lst")
        guard labels != path, FileManager.default.fileExists(atPath: labels),
            documents.allSatisfy({ $0.fields["label"] == nil })
        else { return documents }
        let lines = try ExampleFile(reading: labels).lines.map {
            String(decoding: $0.bytes, as: UTF8.self).trimmingCharacters(in: .whitespaces)
        }
        guard lines.count == documents.count else {
            throw Failure(
                "there is not one label for each document", expected: "\(documents.count) lines",
                got: "\(lines.count)", at: labels)
        }
        return zip(documents, lines).map { $0.adding("label", TaskColumn.value($1)) }
    }
}

/// An article of SQuAD as it is published: paragraphs with questions inside.
private struct SquadArticle {
    private let title: JSONValue
    private let paragraphs: [JSONValue]

    init?(_ fields: [String: JSONValue]) {
        guard let paragraphs = fields["paragraphs"]?.array else { return nil }
        (title, self.paragraphs) = (fields["title"] ?? "", paragraphs)
    }

    func documents(at place: String) -> [TaskDocument] {
        paragraphs.flatMap { paragraph in
            (paragraph["qas"]?.array ?? []).map { question in
                let answers = question["answers"]?.array ?? []
                let texts = answers.compactMap { $0["text"] }
                return TaskDocument(
                    [
                        "title": title, "context": paragraph["context"] ?? "",
                        "question": question["question"] ?? "", "id": question["id"] ?? "",
                        "answers": .object(["text": .array(texts)]),
                    ], at: place)
            }
        }
    }
}
