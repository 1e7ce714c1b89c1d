import Diagnostics
import JSON
import Options

/// The languages that are kept.
package struct LanguageOptions: OptionBlock {
    /// A model of fastText, such as lid.176.ftz.
    package var model: String?
    /// The labels of the languages; empty keeps all, and notes them.
    package var keep = ["en"]
    /// The least probability; usual 0.65.
    package var threshold = 0.65

    package init() {}

    package static var fields: [OptionField<LanguageOptions>] {
        [
            OptionField("model", \.model, .changesFreely),
            OptionField("keep", \.keep, .changesFreely),
            OptionField("threshold", \.threshold, .atLeast(0), .changesFreely),
        ]
    }
}

/// Notes the language of each document, and drops those of others.
package final class LanguageFilter: CleaningStep {
    private let options: LanguageOptions
    private let model: LanguageClassifier
    private var counts: [String: Int] = [:]

    package init(_ options: LanguageOptions) throws {
        self.options = options
        guard let path = options.model else {
            throw Failure(
                "the step language has no model", expected: "model: lid.176.ftz",
                remedy: "name a language model of fastText", kind: .usage)
        }
        model = try LanguageClassifier(path: path)
        let known = Set(model.labels)
        if let unknown = options.keep.first(where: { !known.contains($0) }) {
            throw Failure(
                "the language model does not know a language", expected: "one of its labels",
                got: unknown, at: path,
                remedy: NearestName.nearest(to: unknown, in: model.labels).map {
                    "did you mean \($0)?"
                }, kind: .usage)
        }
    }

    package func takeCounts() -> [String: Int] {
        defer { counts = [:] }
        return counts
    }

    package func apply(to document: inout Document) -> String? {
        guard let (label, probability) = model.predict(document.text) else { return "no_language" }
        counts["language_\(label)", default: 0] += 1
        document.set("language", .string(label))
        document.set("language_score", .number((probability * 10_000).rounded() / 10_000))
        let isKept = options.keep.isEmpty || options.keep.contains(label)
        return isKept && probability > options.threshold ? nil : "language"
    }
}
