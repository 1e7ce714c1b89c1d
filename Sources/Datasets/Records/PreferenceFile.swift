import Diagnostics
import JSON
import Tokenizers

/// Reads files of preferences: JSON, JSON Lines, or a table whose first row names its columns; see
/// ``PreferenceRecord`` for the records.
package struct PreferenceFile {
    private let path: String
    /// Between an instruction and its input: that of the chat template.
    private let inputBegin: String
    private let mentions: @Sendable (String) -> Bool
    package var columns = RecordColumns()
    package var encoding = TextEncoding.utf8
    /// The field of a pair that tells how much better the better answer is; nil for none.
    package var marginField: String?

    /// - Parameter mentions: whether the chat template has a use for a name.
    package init(
        path: String, inputBegin: String,
        mentions: @escaping @Sendable (String) -> Bool = { _ in false }
    ) {
        self.path = path
        self.inputBegin = inputBegin
        self.mentions = mentions
    }

    /// - Parameter judgements: those of the files before, to find what contradicts them.
    /// - Throws: `Failure`, with file and line, for a file that is no such file; and, where none may be left
    ///   out, for a record without its fields, and for answers that are empty, equal, or judged both ways,
    ///   of which the first are listed.
    package func preferences(
        _ log: inout RecordLog, _ judgements: inout Judgements
    ) throws(Failure) -> [Preference] {
        let file = try ExampleFile(reading: path, encoding)
        let records = try file.records(&log) { [columns] in
            columns.areNamed(in: $0) || !Set($0).isDisjoint(with: ["chosen", "completion"])
        }
        var faults: [PreferenceFault: [JSONRecord]] = [:]
        var preferences: [Preference] = []
        for record in records {
            let found = try log.read(record.value) { (log) throws(Failure) in
                try self.preferences(of: record, &log)
            }
            guard let found else { continue }
            if found.isEmpty { judgements.tieCount += 1 }
            var fault: PreferenceFault?
            for preference in found where fault == nil {
                fault = preference.fault ?? judgements.fault(adding: preference)
            }
            guard let fault else {
                preferences += found
                continue
            }
            faults[fault, default: []].append(record)
            if log.policy == .skip { try log.leaveOut(record.value, failure(fault, [record])) }
        }
        guard !records.isEmpty else {
            throw Failure("there is no example", got: "a file without a record", at: path)
        }
        let worst = PreferenceFault.allCases.first { faults[$0] != nil }
        if let worst, log.policy == .refuse { throw failure(worst, faults[worst] ?? []) }
        return preferences
    }

    private func preferences(
        of record: JSONRecord, _ log: inout RecordLog
    ) throws(Failure) -> [Preference] {
        let place = "\(path), \(record.place)"
        let fields = RecordFields(record.value, at: place)
        let preferences = try PreferenceRecord(
            fields: fields, place: place, columns: columns, inputBegin: inputBegin,
            mentions: mentions, record: record.value, marginField: marginField
        ).preferences()
        log.noteUnused(fields.unreadNames)
        return preferences
    }

    private func failure(_ fault: PreferenceFault, _ records: [JSONRecord]) -> Failure {
        let (isOne, areElements) = (records.count == 1, records.allSatisfy { $0.element != nil })
        let unit = (areElements ? "element" : "line") + (isOne ? "" : "s")
        let shown = records.prefix(10).map { "\($0.element ?? $0.line)" }.joined(separator: ", ")
        let more = records.count > 10 ? " and \(records.count - 10) more" : ""
        return Failure(
            fault.what, expected: fault.expected,
            got: isOne ? "a record without" : "\(records.count) records without",
            at: "\(path), \(unit) \(shown)\(more)",
            remedy: FailureText(
                "remove the \(isOne ? "record" : "records"), or set \(key: "finetune.on_bad_record") to skip"
            ))
    }
}

/// What was judged so far.
package struct Judgements: Sendable {
    /// Ratings by which no answer is better.
    package internal(set) var tieCount = 0
    private var pairs: Set<[[UInt8]]> = []

    package init() {}

    /// Adds a pair, and says whether it was judged the other way round before.
    mutating func fault(adding preference: Preference) -> PreferenceFault? {
        guard let better = preference.better, let worse = preference.worse else { return nil }
        let texts = [preference.prompt, better, worse].map { messages in
            JSONValue.array(messages.map(\.json)).rendered(.compact)
        }
        guard !pairs.contains([texts[0], texts[2], texts[1]]) else { return .contradicted }
        pairs.insert(texts)
        return nil
    }
}
