import Diagnostics
import Foundation
import JSON

/// A multiple-choice question: the model answers with the choice that it finds likeliest after the
/// prompt and a space.
package struct ChoiceQuestion: Equatable, Sendable {
    package let prompt: String
    package let choices: [String]
    /// The index of the right choice.
    package let answer: Int
    /// File and line.
    package let place: String

    /// - Throws: `Failure` for an empty prompt or choice, fewer than two choices, and an answer that is
    ///   none of them.
    package init(prompt: String, choices: [String], answer: Int, place: String) throws(Failure) {
        guard !prompt.isEmpty, choices.count > 1, choices.allSatisfy({ !$0.isEmpty }) else {
            throw Failure(
                "the question is incomplete",
                expected: "a text and at least two choices, none empty",
                got: prompt.isEmpty ? "no text" : "the choices \(choices)", at: place)
        }
        guard choices.indices.contains(answer) else {
            throw Failure(
                "the right answer is none of the choices", expected: "0..<\(choices.count)",
                got: "\(answer)", at: place)
        }
        self.prompt = prompt
        self.choices = choices
        self.answer = answer
        self.place = place
    }

    /// Prompt and right answer, as an example for other questions.
    package var answered: String { "\(prompt) \(choices[answer])" }
}

// MARK: Formats

extension ChoiceQuestion {
    /// ARC's fields (query, choices, gold) or HellaSwag's (ctx, endings, label).
    package init(_ json: JSONValue, at place: String) throws(Failure) {
        let fields = ChoiceFields(json: json, place: place)
        if json["query"] != nil, json["choices"] != nil, json["gold"] != nil {
            try self.init(query: fields)
        } else if json["ctx"] != nil, json["endings"] != nil, json["label"] != nil {
            try self.init(hellaSwag: fields)
        } else {
            let names = json.members?.map { String(decoding: $0.key, as: UTF8.self) }
            throw Failure(
                "this is no multiple-choice question",
                expected: "the fields query, choices, gold or ctx, endings, label",
                got: names.map { "the fields \($0.joined(separator: ", "))" } ?? json.summary,
                at: place)
        }
    }

    /// A query that begins with "Question:" asks for an "Answer:"; any other is a text to go on.
    private init(query fields: ChoiceFields) throws(Failure) {
        let query = try fields.text("query")
        try self.init(
            prompt: query.hasPrefix("Question:") ? query + "\nAnswer:" : query,
            choices: try fields.texts("choices"), answer: try fields.index("gold"),
            place: fields.place)
    }

    /// The activity, a colon and the context, whose second part begins with a capital.
    private init(hellaSwag fields: ChoiceFields) throws(Failure) {
        var context = try fields.text("ctx")
        if fields.json["ctx_a"] != nil, fields.json["ctx_b"] != nil {
            let rest = Self.capitalized(try fields.text("ctx_b"))
            context = "\(try fields.text("ctx_a")) \(rest)"
        }
        if fields.json["activity_label"] != nil {
            context = "\(try fields.text("activity_label")): \(context)"
        }
        try self.init(
            prompt: Self.withoutMarkup(context),
            choices: try fields.texts("endings").map(Self.withoutMarkup),
            answer: try fields.index("label"), place: fields.place)
    }

    /// A row of MMLU: the question, four choices, and the letter of the right one. What is scored
    /// are the letters.
    package init(mmlu record: DelimitedRecord, at place: String) throws(Failure) {
        let letters = ["A", "B", "C", "D"]
        guard record.fields.count == 6, let answer = letters.firstIndex(of: record.fields[5]) else {
            throw Failure(
                "this is no question of MMLU",
                expected: "question,A,B,C,D,answer where the answer is a letter",
                got: record.fields.count == 6
                    ? "the answer \(record.fields[5])" : "\(record.fields.count) fields", at: place)
        }
        let question = record.fields[0].trimmingCharacters(in: .whitespacesAndNewlines)
        let lines = zip(letters, record.fields[1...]).map { "\($0). \($1)" }
        try self.init(
            prompt: ([question] + lines + ["Answer:"]).joined(separator: "\n"),
            choices: letters, answer: answer, place: place)
    }

    /// Makes the first character large and all others small, as Python's `capitalize` does.
    private static func capitalized(_ text: String) -> String {
        guard let first = text.unicodeScalars.first else { return text }
        return first.properties.titlecaseMapping
            + String(text.unicodeScalars.dropFirst()).lowercased()
    }

    /// Texts from WikiHow mark their titles, [header] and [step].
    private static func withoutMarkup(_ text: String) -> String {
        text.trimmingCharacters(in: .whitespacesAndNewlines)
            .replacing(" [title]", with: ". ").replacing(/\[.*?\]/, with: "")
            .replacing("  ", with: " ")
    }
}

/// The members of a question's JSON object.
private struct ChoiceFields {
    let json: JSONValue
    let place: String

    func text(_ name: String) throws(Failure) -> String {
        guard let text = json[name]?.string else { throw failure(name, expected: "a string") }
        return text
    }

    func texts(_ name: String) throws(Failure) -> [String] {
        let texts = json[name]?.array?.map(\.string) ?? [nil]
        guard !texts.contains(nil) else { throw failure(name, expected: "an array of strings") }
        return texts.compactMap { $0 }
    }

    /// A number, which some files write as a string.
    func index(_ name: String) throws(Failure) -> Int {
        guard let index = json[name]?.integer ?? json[name]?.string.flatMap({ Int($0) }) else {
            throw failure(name, expected: "an integer")
        }
        return index
    }

    private func failure(_ name: String, expected: String) -> Failure {
        Failure(
            "the field \(name) is unsuitable", expected: expected,
            got: json[name]?.summary ?? "nothing", at: place)
    }
}
