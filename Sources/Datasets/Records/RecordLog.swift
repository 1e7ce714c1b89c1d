import Diagnostics
import JSON
import Options

/// What becomes of a record that cannot be used.
package enum BadRecordPolicy: String, OptionChoice {
    /// It ends the reading.
    case refuse
    /// It is left out, and told.
    case skip
}

/// A record that was left out.
package struct SkippedRecord: Equatable, Sendable {
    /// What is wrong with it, and where it stands.
    package let failure: Failure
    /// The record as far as it could be read; null where it is no record.
    package let record: JSONValue

    /// The line about it in a file of such records.
    package var json: JSONValue {
        [
            "place": .string(failure.place ?? ""), "problem": .string(failure.line),
            "record": record,
        ]
    }
}

/// What was noticed while records were read: those that were left out, and fields that nothing reads.
package struct RecordLog: Equatable, Sendable {
    package let policy: BadRecordPolicy
    /// All records that there were.
    package private(set) var recordCount = 0
    package private(set) var skipped: [SkippedRecord] = []
    private var unusedCounts: [String: Int] = [:]

    /// The largest share of records that may be left out.
    private static let skippedShare = 0.1

    package init(_ policy: BadRecordPolicy = .refuse) {
        self.policy = policy
    }

    /// Counts a record, and reads it.
    ///
    /// - Returns: nil for one that is left out.
    /// - Throws: what is wrong with it, where such a record ends the reading.
    mutating func read<Value>(
        _ record: JSONValue, _ body: (inout RecordLog) throws(Failure) -> Value
    ) throws(Failure) -> Value? {
        recordCount += 1
        do throws(Failure) {
            return try body(&self)
        } catch {
            try leaveOut(record, error)
            return nil
        }
    }

    /// Counts a record that cannot be read.
    ///
    /// - Throws: what is wrong with it, where such a record ends the reading.
    mutating func count(_ record: JSONValue, _ failure: Failure) throws(Failure) {
        recordCount += 1
        try leaveOut(record, failure)
    }

    /// Leaves out a record that is counted already.
    ///
    /// - Throws: the failure, where such a record ends the reading.
    mutating func leaveOut(_ record: JSONValue, _ failure: Failure) throws(Failure) {
        guard policy == .skip else { throw failure }
        skipped.append(SkippedRecord(failure: failure, record: record))
    }

    /// Notes fields that hold something and are not read.
    mutating func noteUnused(_ fields: some Sequence<String>) {
        for field in fields { unusedCounts[field, default: 0] += 1 }
    }

    /// - Throws: `Failure` where more than a tenth of the records were left out.
    package func requireMostUsed() throws(Failure) {
        guard let first = skipped.first,
            Double(skipped.count) > Self.skippedShare * Double(recordCount)
        else { return }
        throw Failure(
            "too many records cannot be used",
            expected: "at most \(Int(Self.skippedShare * Double(recordCount))) of \(recordCount)",
            got: "\(skipped.count), the first: \(first.failure.what)"
                + (first.failure.expected.map { ", expected \($0)" } ?? "")
                + (first.failure.got.map { ", got \($0)" } ?? ""),
            at: first.failure.place, remedy: "correct them, or read the files in another way")
    }

    /// Notes for the user: which records were left out, and which fields nothing reads.
    package var notes: [String] { [skippedNote, unusedNote].compactMap { $0 } }

    private var skippedNote: String? {
        guard !skipped.isEmpty else { return nil }
        let shown = skipped.prefix(3).map(\.failure.line).joined(separator: "; ")
        let more = skipped.count > 3 ? "; and \(skipped.count - 3) more" : ""
        return "\(skipped.count) of \(Quantity.count(recordCount, "record")) cannot be used and "
            + "\(skipped.count == 1 ? "is" : "are") left out: \(shown)\(more)"
    }

    private var unusedNote: String? {
        guard !unusedCounts.isEmpty else { return nil }
        let fields = unusedCounts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let shown = fields.prefix(12).map { "\($0.key) (in \($0.value))" }.joined(separator: ", ")
        return "the records hold what is not used: \(shown)" + (fields.count > 12 ? ", ..." : "")
    }
}
