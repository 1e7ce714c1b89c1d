import Diagnostics
import Files
import JSON

/// Reads files of comparisons: JSON, or JSON Lines.
///
/// - Ratings of the chat page: `messages`, `a` and `b` (each `model`, `adapter`, `text`), `rating`: a, b,
///   tie or both_bad, of which the last two are draws.
/// - Comparisons as AlpacaEval stores them: `instruction`, `output_1`, `output_2`, `generator_1`,
///   `generator_2` and `preference`: from 1 (the first output is better) to 2, 0 for a draw, or null. With
///   `instruction_difficulty`, length control goes by it.
package struct ComparisonFile {
    private let path: String

    package init(path: String) { self.path = path }

    /// - Throws: `Failure`, with file and line, for a record that is neither, and for a file without any.
    package func comparisons() throws(Failure) -> [Comparison] {
        let bytes = try FileReader.bytes(of: path, what: "cannot read the comparisons")
        let records = try JSONRecord.parse(bytes, at: path)
        guard !records.isEmpty else {
            throw Failure(
                "there is no comparison", expected: Self.expectation,
                got: "a file without a record", at: path)
        }
        var comparisons: [Comparison] = []
        for record in records {
            let reader = ComparisonRecord(record.value, at: "\(path), \(record.place)")
            comparisons.append(try reader.comparison())
        }
        return comparisons
    }

    static let expectation =
        "messages, a, b and rating, as the chat page writes them, or instruction, output_1, output_2, "
        + "generator_1, generator_2 and preference, as AlpacaEval does"
}

/// One record of such a file.
private struct ComparisonRecord {
    private let record: JSONValue
    private let place: String

    init(_ record: JSONValue, at place: String) { (self.record, self.place) = (record, place) }

    func comparison() throws(Failure) -> Comparison {
        if record["rating"] != nil { return try rating() }
        guard record["preference"] != nil else {
            let names = (record.members ?? []).map { String(decoding: $0.key, as: UTF8.self) }
            throw failure(
                ComparisonFile.expectation,
                names.isEmpty ? record.summary : names.joined(separator: ", "))
        }
        return try preference()
    }

    private func rating() throws(Failure) -> Comparison {
        let outcome: Double
        switch record["rating"]?.string {
        case "a": outcome = 1
        case "b": outcome = 0
        case "tie", "both_bad": outcome = 0.5
        default: throw failure("a, b, tie or both_bad as rating", summary("rating"))
        }
        guard let messages = record["messages"], messages.array?.isEmpty == false else {
            throw failure("a list of messages", summary("messages"))
        }
        return Comparison(
            prompt: messages, first: try answer("a"), second: try answer("b"), outcome: outcome,
            place: place)
    }

    /// A model that an adapter changes is another one.
    private func answer(_ name: String) throws(Failure) -> Comparison.Answer {
        let answer = record[name] ?? .null
        guard let text = answer["text"]?.string else {
            throw failure("an answer with a text as \(name)", answer.summary)
        }
        guard let model = answer["model"]?.string, !model.isEmpty else {
            throw failure(
                "the name of a model in \(name)", answer["model"]?.summary ?? "no field model")
        }
        let adapter = answer["adapter"]?.string.map { "+\($0)" } ?? ""
        return Comparison.Answer(model: model + adapter, text: text)
    }

    private func preference() throws(Failure) -> Comparison {
        var outcome: Double?
        if let value = record["preference"], !value.isNull {
            guard let number = value.double, (1...2).contains(number) || number == 0 else {
                throw failure(
                    "a number from 1 to 2, 0 for a draw, or null, as preference", value.summary)
            }
            outcome = number == 0 ? 0.5 : number - 1
        }
        var comparison = Comparison(
            prompt: record["instruction"] ?? .null, first: try output("2"),
            second: try output("1"), outcome: outcome, place: place)
        if let value = record["instruction_difficulty"], !value.isNull {
            guard let number = value.double, number.isFinite else {
                throw failure("a number as instruction_difficulty", value.summary)
            }
            comparison.difficulty = number
        }
        return comparison
    }

    private func output(_ number: String) throws(Failure) -> Comparison.Answer {
        guard let text = record["output_\(number)"]?.string else {
            throw failure("a text as output_\(number)", summary("output_\(number)"))
        }
        guard let model = record["generator_\(number)"]?.string else {
            throw failure("a name as generator_\(number)", summary("generator_\(number)"))
        }
        return Comparison.Answer(model: model, text: text)
    }

    private func summary(_ name: String) -> String { record[name]?.summary ?? "no such field" }

    private func failure(_ expected: String, _ got: String) -> Failure {
        Failure(
            "a comparison cannot be read", expected: expected, got: got, at: place,
            remedy: "correct the record, or remove it")
    }
}
