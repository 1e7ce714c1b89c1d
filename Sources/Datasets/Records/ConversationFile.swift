import Diagnostics
import JSON
import Tokenizers

/// Reads files of conversations: JSON, JSON Lines, or a table whose first row names its columns.
///
/// The fields of each record show its format; see ``ConversationRecord``. Fields that nothing reads are
/// noted, and so are records that cannot be used, where they may be left out.
package struct ConversationFile {
    private let path: String
    /// Between an instruction and its input: that of the chat template.
    private let inputBegin: String
    private let mentions: @Sendable (String) -> Bool
    package var columns = RecordColumns()
    package var encoding = TextEncoding.utf8

    /// - Parameter mentions: whether the chat template has a use for a name.
    package init(
        path: String, inputBegin: String,
        mentions: @escaping @Sendable (String) -> Bool = { _ in false }
    ) {
        self.path = path
        self.inputBegin = inputBegin
        self.mentions = mentions
    }

    package func conversations() throws(Failure) -> [Conversation] {
        var log = RecordLog()
        return try conversations(&log)
    }

    /// - Throws: `Failure`, with file and line (and the number of an element that shares its line), for a
    ///   file that is no such file; and, where none may be left out, for a record without its fields, an
    ///   unknown role, and empty answers, of which the first are listed.
    package func conversations(_ log: inout RecordLog) throws(Failure) -> [Conversation] {
        let file = try ExampleFile(reading: path, encoding)
        let records = try file.records(&log) { [columns] in columns.areNamed(in: $0) }
        var empty: [JSONRecord] = []
        var conversations: [Conversation] = []
        for record in records {
            let found = try log.read(record.value) { (log) throws(Failure) in
                try conversation(of: record, &log)
            }
            guard let found else { continue }
            guard found.hasEmptyAnswer else {
                conversations.append(found)
                continue
            }
            empty.append(record)
            if log.policy == .skip { try log.leaveOut(record.value, emptyAnswers([record])) }
        }
        guard !records.isEmpty else {
            throw Failure("there is no example", got: "a file without a record", at: path)
        }
        if !empty.isEmpty, log.policy == .refuse { throw emptyAnswers(empty) }
        return conversations
    }

    private func conversation(
        of record: JSONRecord, _ log: inout RecordLog
    ) throws(Failure) -> Conversation {
        let place = "\(path), \(record.place)"
        let fields = RecordFields(record.value, at: place)
        let conversation = try ConversationRecord(
            fields: fields, place: place, columns: columns, inputBegin: inputBegin,
            mentions: mentions
        ).conversation()
        log.noteUnused(fields.unreadNames)
        return conversation
    }

    private func emptyAnswers(_ records: [JSONRecord]) -> Failure {
        let (isOne, areElements) = (records.count == 1, records.allSatisfy { $0.element != nil })
        let unit = (areElements ? "element" : "line") + (isOne ? "" : "s")
        let shown = records.prefix(10).map { "\($0.element ?? $0.line)" }.joined(separator: ", ")
        let more = records.count > 10 ? " and \(records.count - 10) more" : ""
        return Failure(
            "there is nothing to learn from an empty answer", expected: "a text in each answer",
            got: isOne ? "a record without" : "\(records.count) records without",
            at: "\(path), \(unit) \(shown)\(more)",
            remedy: isOne ? "remove the record" : "remove the records")
    }
}
