import Diagnostics

/// A text and the name of the class that it belongs to.
package struct LabelledText: Equatable, Sendable {
    package let text: String
    /// Nil where the file has no labels.
    package let label: String?
    /// File and line.
    package let place: String

    /// - Throws: `Failure` for an empty text or label.
    package init(text: String, label: String?, place: String) throws(Failure) {
        guard text.contains(where: { !$0.isWhitespace }), label != "" else {
            throw Failure(
                label == "" ? "the label is empty" : "the text is empty",
                expected: "at least one character", at: place, remedy: "remove the record")
        }
        self.text = text
        self.label = label
        self.place = place
    }
}

/// Where the texts and labels of a file stand.
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
