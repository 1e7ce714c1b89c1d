import Foundation

extension ClassLabels {
    /// One warning for each likely mistake in the labels of these texts, which stay as they are.
    package func warnings(of texts: [LabelledText]) -> [String] {
        nearDuplicates.map { group in
            "the labels \(group.map(\.debugDescription).joined(separator: ", ")) differ in case, "
                + "punctuation or white space alone, and are \(group.count) classes"
        } + (textWarning(texts).map { [$0] } ?? [])
    }

    /// Groups of labels that are equal but for case, punctuation and white space; of numbers, those of
    /// the same value.
    package var nearDuplicates: [[String]] {
        let groups = Dictionary(grouping: names, by: Self.essence)
        return names.compactMap { name in
            let group = groups[Self.essence(of: name)] ?? []
            return group.count > 1 && group[0] == name ? group : nil
        }
    }

    private static func essence(of name: String) -> String {
        if let number = Double(name) { return "\(number)" }
        let letters = name.lowercased().filter { $0.isLetter || $0.isNumber }
        // A label of signs alone, as + and -, is nothing but its signs.
        return letters.isEmpty ? name : letters
    }

    /// Texts in the place of labels: nearly as many as there are records, or as long as the texts.
    private func textWarning(_ texts: [LabelledText]) -> String? {
        guard count >= Self.manyCount, !texts.isEmpty else { return nil }
        let labelLength = texts.reduce(0) { $0 + ($1.label?.count ?? 0) }
        let textLength = texts.reduce(0) { $0 + $1.text.count }
        guard count * 2 > texts.count || labelLength > textLength else { return nil }
        return "there are \(count) classes for \(texts.count) texts, such as "
            + "\(String(names[0].prefix(40)).debugDescription): is the column of the labels the right "
            + "one? name it by finetune.text_column and finetune.label_column"
    }

    /// The number of classes from which on they may be texts by mistake.
    private static let manyCount = 10
}
