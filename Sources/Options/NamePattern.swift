import Diagnostics
import Foundation

/// A pattern of the shell (`*`, `?`, `[0-3]`) for names of weights.
package struct NamePattern: Equatable, Sendable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package func matches(_ name: String) -> Bool { fnmatch(text, name, 0) == 0 }

    /// Throws a usage `Failure` for the first pattern that fits none of the names.
    package static func require(
        _ patterns: [NamePattern], toMatchIn names: [String], key: String
    ) throws {
        guard let useless = patterns.first(where: { !names.contains(where: $0.matches) }) else {
            return
        }
        throw Failure(
            FailureText("\(key: key)")
                + ": the pattern \(useless.text) fits no weight of the model",
            expected: "a name or pattern such as \(names.first ?? "*")", got: useless.text,
            remedy: "inspect the model for its names", kind: .usage)
    }
}

/// A factor for the learning rate of some weights: "pattern=factor".
package struct LearningRateFactor: Equatable, Sendable {
    package let pattern: NamePattern
    package let factor: Double

    package init(_ text: String) throws {
        let parts = text.split(separator: "=", omittingEmptySubsequences: false)
        let factor = parts.last.flatMap { Double($0) }
        guard parts.count == 2, !parts[0].isEmpty, let factor, factor >= 0, factor.isFinite else {
            throw Failure(
                FailureText("\(key: "optimizer.learning_rate_factors")"),
                expected: "pattern=factor, such as *.wte.weight=0.1", got: text,
                remedy: "write a pattern, an equals sign and a number from 0", kind: .usage)
        }
        pattern = NamePattern(String(parts[0]))
        self.factor = factor
    }

    /// The factor of one weight: that of the last pattern that fits, else 1.
    package static func factor(of name: String, in factors: [LearningRateFactor]) -> Double {
        factors.last { $0.pattern.matches(name) }?.factor ?? 1
    }
}
