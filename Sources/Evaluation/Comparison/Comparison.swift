import JSON

/// Two answers to the same prompt, and which of them is better.
package struct Comparison: Equatable, Sendable {
    package struct Answer: Equatable, Sendable {
        /// Who gave it.
        package var model: String
        package var text: String

        package init(model: String, text: String) { (self.model, self.text) = (model, text) }

        /// In characters, as AlpacaEval counts them.
        package var length: Int { text.unicodeScalars.count }
    }

    /// What was answered: a text, or messages.
    package var prompt: JSONValue
    package var first: Answer
    package var second: Answer
    /// The share of the win that goes to the first: 1, 0, or between; nil where nobody could tell.
    package var outcome: Double?
    /// How much harder the prompt is than others, by which length control may go; nil where unknown.
    package var difficulty: Double?
    /// The file and the line.
    package var place: String

    package init(
        prompt: JSONValue, first: Answer, second: Answer, outcome: Double?, place: String
    ) {
        (self.prompt, self.first, self.second) = (prompt, first, second)
        (self.outcome, self.place) = (outcome, place)
    }

    /// The record in the form of AlpacaEval: `output_2` is the answer whose model is measured, and
    /// `preference` is 2 where it is better, 1 where the other is.
    package var json: JSONValue {
        let members: [(String, JSONValue)] = [
            ("instruction", prompt), ("output_1", .string(second.text)),
            ("generator_1", .string(second.model)), ("output_2", .string(first.text)),
            ("generator_2", .string(first.model)),
            ("preference", outcome.map { .number(1 + $0) } ?? .null),
        ]
        return .members(members.map { .init(key: Array($0.0.utf8), value: $0.1) })
    }
}

extension [Comparison] {
    /// Whoever gave an answer, in the order in which they come.
    package var models: [String] {
        var seen: Set<String> = []
        return flatMap { [$0.first.model, $0.second.model] }.filter { seen.insert($0).inserted }
    }

    /// Comparisons of the same two answers to the same prompt that were judged both ways: pairs of places.
    package var contradictions: [(earlier: String, later: String)] {
        var (places, found): ([JudgedPair: String], [(String, String)]) = ([:], [])
        for one in self {
            guard let outcome = one.outcome, outcome != 0.5 else { continue }
            let texts = [one.first.text, one.second.text].map { [UInt8]($0.utf8) }
            let (better, worse) = outcome > 0.5 ? (texts[0], texts[1]) : (texts[1], texts[0])
            let prompt = one.prompt.rendered(.compact)
            let other = JudgedPair(prompt: prompt, better: worse, worse: better)
            if let place = places[other] { found.append((place, one.place)) }
            places[JudgedPair(prompt: prompt, better: better, worse: worse)] = one.place
        }
        return found
    }
}

private struct JudgedPair: Hashable {
    let prompt: [UInt8]
    let better: [UInt8]
    let worse: [UInt8]
}
