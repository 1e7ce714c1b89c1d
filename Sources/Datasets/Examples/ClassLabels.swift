import Diagnostics
import Foundation

/// The names of the classes of a task; a class is the index of its name.
package struct ClassLabels: Equatable, Sendable {
    package let names: [String]
    private let indices: [String: Int]

    package var count: Int { names.count }

    /// - Throws: `Failure` for fewer than two names, and for one that occurs twice.
    package init(_ names: [String]) throws(Failure) {
        let indices = Dictionary(
            names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        guard names.count > 1, indices.count == names.count else {
            throw Failure(
                "these labels tell no classes apart", expected: "at least two labels that differ",
                got: names.joined(separator: ", "))
        }
        self.names = names
        // Texts have lost the white space around their labels, a model's names may have it still.
        let trimmed = names.enumerated().map {
            ($1.trimmingCharacters(in: .whitespacesAndNewlines), $0)
        }
        self.indices = indices.merging(trimmed) { exact, _ in exact }
    }

    /// The labels of the texts: numbers in ascending order, anything else by its bytes.
    ///
    /// - Throws: `Failure` where there are not two.
    package init(of texts: some Sequence<LabelledText>) throws(Failure) {
        let names = Set(texts.compactMap(\.label))
        let areNumbers = names.allSatisfy { Int($0) != nil }
        try self.init(
            names.sorted { left, right in
                if areNumbers, let left = Int(left), let right = Int(right), left != right {
                    return left < right
                }
                return left.utf8.lexicographicallyPrecedes(right.utf8)
            })
    }

    /// - Throws: `Failure` with the place of a text that has no label, or one that is not known.
    package func index(of text: LabelledText) throws(Failure) -> Int {
        if let label = text.label, let index = indices[label] { return index }
        throw Failure(
            "the label is not known", expected: "one of \(names.joined(separator: ", "))",
            got: text.label ?? "none", at: text.place)
    }

    /// The number of examples of each class.
    package func counts(of classes: some Sequence<Int>) -> [Int] {
        classes.reduce(into: Array(repeating: 0, count: count)) { $0[$1] += 1 }
    }

    /// Weights by which all classes count alike: examples / (classes * examples of the class), as
    /// scikit-learn's "balanced".
    ///
    /// - Precondition: every class has an example.
    package static func balancedWeights(counts: [Int]) -> [Float] {
        precondition(counts.allSatisfy { $0 > 0 }, "every class needs an example, got \(counts)")
        let total = Double(counts.reduce(0, +))
        return counts.map { Float(total / (Double(counts.count) * Double($0))) }
    }
}
