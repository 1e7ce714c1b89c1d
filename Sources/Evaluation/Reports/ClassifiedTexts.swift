import Datasets
import Diagnostics
import JSON

/// What `classify` prints.
package struct ClassifiedTexts {
    package let texts: [LabelledText]
    package let labels: ClassLabels
    package let scores: ClassScores
    /// Warnings of texts that do not fit into the context, and of labels that are missing.
    package let warnings: [String]

    package init(
        texts: [LabelledText], labels: ClassLabels, scores: ClassScores, warnings: [String]
    ) {
        self.texts = texts
        self.labels = labels
        self.scores = scores
        self.warnings = warnings
    }

    /// Enough to know a text by.
    private static let characterCount = 50

    /// - Throws: `Failure` for a text whose scores are not finite.
    package func requireFinite() throws(Failure) {
        guard let index = scores.firstNonFinite else { return }
        throw Failure(
            "the scores of a text are not finite", expected: "numbers",
            got: "\(scores.rows[index])", at: texts[index].place,
            remedy: "the model has diverged, or its numbers overflow: take an earlier checkpoint")
    }

    /// The report on the predictions; nil where the texts have no labels, or some have no class.
    package var report: ClassificationReport? {
        guard scores.firstNonFinite == nil else { return nil }
        let actual = texts.compactMap { try? labels.index(of: $0) }
        guard actual.count == texts.count else { return nil }
        return ClassificationReport(labels: labels, actual: actual, predicted: scores.classes)
    }

    /// A row for each text: its beginning, its class, the probability of each class.
    package var text: String {
        var table = TextTable()
        table.add(["text", "class"] + labels.names)
        for (text, answer) in zip(texts, zip(scores.classes, scores.probabilities)) {
            table.add(
                [
                    QuotedText.line(text.text, limit: Self.characterCount),
                    answer.1.allSatisfy(\.isFinite) ? labels.names[answer.0] : "-",
                ] + answer.1.map { $0.formattedTo(4) })
        }
        return table.lines.joined(separator: "\n")
    }

    /// An object for each text.
    package var jsonLines: [JSONValue] {
        zip(texts, zip(scores.classes, scores.probabilities)).map { text, answer in
            var members: [String: JSONValue] = [
                "text": .string(text.text),
                "class": answer.1.allSatisfy(\.isFinite)
                    ? .string(labels.names[answer.0]) : .null,
                "probabilities": .members(
                    zip(labels.names, answer.1).map {
                        JSONValue.Member(key: Array($0.utf8), value: .number($1))
                    }),
            ]
            members["label"] = text.label.map(JSONValue.string)
            return .object(members)
        }
    }
}
