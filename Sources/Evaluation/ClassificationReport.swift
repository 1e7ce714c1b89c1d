import Datasets
import JSON

/// How well classes are predicted: what scikit-learn's `classification_report` and
/// `confusion_matrix` give.
///
/// With the texts of class c that were called c (hits), precision = hits / texts called c,
/// recall = hits / texts of class c, F1 = 2 precision recall / (precision + recall); 0 / 0 counts as 0.
/// Macro averages are over the classes, each with the same weight.
package struct ClassificationReport: Equatable, Sendable {
    package let labels: [String]
    /// Texts of each class (row) by the class that they were called (column).
    package let confusion: [[Int]]

    /// - Precondition: `actual` and `predicted` are as many, and classes of the labels.
    package init(labels: ClassLabels, actual: [Int], predicted: [Int]) {
        precondition(
            actual.count == predicted.count,
            "expected \(actual.count) predictions, got \(predicted.count)")
        self.labels = labels.names
        let row = Array(repeating: 0, count: labels.count)
        confusion = zip(actual, predicted).reduce(
            into: Array(repeating: row, count: labels.count)
        ) { $0[$1.0][$1.1] += 1 }
    }

    package var textCount: Int { confusion.joined().reduce(0, +) }
    package var accuracy: Double { Self.share(labels.indices.map(hits), textCount) }

    package func textCount(of number: Int) -> Int { confusion[number].reduce(0, +) }

    package func precision(of number: Int) -> Double {
        Self.share([hits(number)], confusion.reduce(0) { $0 + $1[number] })
    }

    package func recall(of number: Int) -> Double {
        Self.share([hits(number)], textCount(of: number))
    }

    package func f1(of number: Int) -> Double {
        let (precision, recall) = (precision(of: number), recall(of: number))
        return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0
    }

    package var macroPrecision: Double { average(precision) }
    package var macroRecall: Double { average(recall) }
    package var macroF1: Double { average(f1) }

    package var json: JSONValue {
        let classes = labels.indices.map { number in
            JSONValue.object([
                "label": .string(labels[number]), "precision": .number(precision(of: number)),
                "recall": .number(recall(of: number)), "f1": .number(f1(of: number)),
                "texts": .integer(textCount(of: number)),
            ])
        }
        return .object([
            "texts": .integer(textCount), "accuracy": .number(accuracy),
            "macro_precision": .number(macroPrecision), "macro_recall": .number(macroRecall),
            "macro_f1": .number(macroF1), "classes": .array(classes),
            "confusion": .array(confusion.map { .array($0.map(JSONValue.integer)) }),
        ])
    }

    private func hits(_ number: Int) -> Int { confusion[number][number] }

    private func average(_ figure: (Int) -> Double) -> Double {
        labels.indices.reduce(0) { $0 + figure($1) } / Double(labels.count)
    }

    private static func share(_ parts: [Int], _ whole: Int) -> Double {
        whole > 0 ? Double(parts.reduce(0, +)) / Double(whole) : 0
    }
}
