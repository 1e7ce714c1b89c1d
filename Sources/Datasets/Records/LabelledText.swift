import Diagnostics
import Foundation

/// A text and the name of the class that it belongs to.
package struct LabelledText: Equatable, Sendable {
    package let text: String
    /// The label without white space around it; nil where the file has no labels, and where this
    /// one is missing.
    package let label: String?
    /// File and line.
    package let place: String

    /// - Parameter label: as it is in the file; one of `missingLabels` counts as none.
    /// - Throws: `Failure` for an empty text.
    package init(text: String, label: String?, place: String) throws(Failure) {
        guard text.contains(where: { !$0.isWhitespace }) else {
            throw Failure(
                "the text is empty", expected: "at least one character", at: place,
                remedy: "remove the record")
        }
        let trimmed = label?.trimmingCharacters(in: .whitespacesAndNewlines)
        self.text = text
        self.label = trimmed.flatMap { Self.missingLabels.contains($0) ? nil : $0 }
        self.place = place
    }

    /// Spellings of a value that is missing: those that pandas reads as one, in their case.
    /// Source: pandas, `read_csv`, `na_values`.
    static let missingLabels: Set<String> = [
        "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
        "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
    ]
}

/// The columns, or fields, of a file that hold the texts and the labels.
package struct LabelledTextColumns: Equatable, Sendable {
    /// The name of the column or JSON field; a number, from 1 on, in tables without names.
    package var text = Self.defaultText
    package var label = Self.defaultLabel
    /// Whether the first row of a table names its columns; nil: it does where it holds the name of the
    /// texts' column.
    package var hasHeader: Bool?

    static let defaultText = "text"
    static let defaultLabel = "label"

    package init() {}
}
