import Diagnostics
import Files
import Foundation
import JSON
import Monitoring
import Training

/// What a run keeps for its report beside its metrics: samples.jsonl and evaluations.jsonl, one JSON
/// object a line.
package struct RunRecords {
    /// The run directory.
    private let run: String

    private static let (samplesName, evaluationsName) = ("samples.jsonl", "evaluations.jsonl")
    /// The most records that a report shows, and the most lines that are read for them.
    private static let (shownCount, readCount) = (8, 10_000)

    package init(ofRun run: String) { self.run = run }

    /// The records of the run whose checkpoint a model is; nil for a model from elsewhere.
    package init?(ofModel model: String) {
        let parts = model.split(separator: "/", omittingEmptySubsequences: false)
        guard let index = parts.lastIndex(of: "checkpoints"), index == parts.count - 2, index > 0
        else { return nil }
        self.init(ofRun: parts[..<index].joined(separator: "/"))
        guard (try? DirectoryEntries.isThere(run + "/metrics.jsonl")) == true else { return nil }
    }

    package func add(sample: ReportContent.Sample) throws {
        var members: [String: JSONValue] = [
            "prompt": .string(sample.prompt), "text": .string(sample.text),
        ]
        members["step"] = sample.step.map(JSONValue.integer)
        try append(.object(members), to: Self.samplesName)
    }

    /// - Parameter figures: an object of names and numbers.
    package func add(evaluation figures: JSONValue, of data: String, step: Int?) throws {
        var members: [String: JSONValue] = ["data": .string(data), "figures": figures]
        members["step"] = step.map(JSONValue.integer)
        try append(.object(members), to: Self.evaluationsName)
    }

    /// The newest samples, the last at the end; the same sample twice counts once.
    package func samples() throws -> [ReportContent.Sample] {
        let all = try records(Self.samplesName).compactMap { record in
            record["text"]?.string.map {
                ReportContent.Sample(
                    step: record["step"]?.integer, prompt: record["prompt"]?.string ?? "", text: $0)
            }
        }
        return newest(all) { "\($0.step ?? 0) \($0.prompt) \($0.text)" }
    }

    /// The newest evaluations; of several of the same step on the same data the last one.
    package func evaluations() throws -> [ReportContent.Evaluation] {
        let all = try records(Self.evaluationsName).map { record in
            let figures = (record["figures"]?.members ?? []).compactMap { member in
                member.value.double.map {
                    ReportContent.Fact(
                        String(decoding: member.key, as: UTF8.self), String(format: "%.5g", $0))
                }
            }
            return ReportContent.Evaluation(
                step: record["step"]?.integer, data: record["data"]?.string ?? "", figures: figures)
        }
        return newest(all) { "\($0.step ?? 0) \($0.data)" }
    }

    private func newest<Record>(_ records: [Record], _ key: (Record) -> String) -> [Record] {
        var seen: Set<String> = []
        return records.reversed().filter { seen.insert(key($0)).inserted }
            .prefix(Self.shownCount).reversed()
    }

    private func records(_ name: String) throws -> [JSONValue] {
        let path = "\(run)/\(name)"
        guard try DirectoryEntries.isThere(path, followsLinks: true) else { return [] }
        var records: [JSONValue] = []
        try FileLines(of: path, what: "cannot read what the run kept").forEachLine { line in
            // A line that was cut off is none.
            let record = line.withUnsafeBytes { try? JSONValue(parsing: $0, at: path) }
            record.map { records.append($0) }
            return records.count < Self.readCount
        }
        return records
    }

    private func append(_ record: JSONValue, to name: String) throws {
        let path = "\(run)/\(name)"
        let descriptor = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw Failure(
                "cannot keep what the run made", got: String(cString: strerror(errno)), at: path)
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: Data((record.text() + "\n").utf8))
        } catch {
            throw Failure(
                "cannot keep what the run made", got: error.localizedDescription, at: path)
        }
    }
}
