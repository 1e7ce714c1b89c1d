import Diagnostics
import Foundation
import Monitoring
import Runs

/// What `replay` prints: the figures of the step, the norms by layer, the sequences of the batch.
struct ReplayReport {
    let result: ReplayPhase.Result
    /// Whether all of the text of a sequence is printed.
    let isFull: Bool

    /// The number of characters printed of a sequence, unless all of it is printed.
    private static let characterCount = 160

    var text: String {
        get throws {
            let texts = try result.step.sequences.map(sequence)
            return (figures + [""] + layers + [""] + texts).joined(separator: "\n")
        }
    }

    static func number(_ value: Double?) -> String { value.map { "\($0)" } ?? "not finite" }

    /// A page with the same figures, and the loss of each sequence.
    ///
    /// - Parameter run: the path of the run, for its title.
    func page(ofRun run: String) throws -> StepPage {
        let step = result.step
        let sequences = try step.sequences.enumerated().map { index, number in
            let shown = try shown(number)
            return StepPage.Sequence(
                loss: step.losses[index].mean, place: shown.place, text: shown.text)
        }
        return StepPage(
            title: "step \(step.step) of \(run)",
            facts: [
                .init("loss", "\(step.loss)"), .init("gradient norm", "\(step.gradientNorm)"),
                .init("learning rate", "\(step.learningRate)"),
                .init(
                    "metrics.jsonl",
                    result.recorded.hasBits(of: step) ? "the same, bit for bit" : "differs"),
            ],
            layers: step.layers.map {
                .init(
                    name: $0.name, parameterCount: $0.parameterCount,
                    gradientNorm: $0.gradientNorm, weightNorm: $0.weightNorm)
            }, sequences: sequences)
    }

    private func shown(_ number: Int) throws -> (place: String, text: String) {
        let shown = try result.task.shownSequence(
            number, ofStep: result.step.step - 1, result.recipe.training)
        return (shown.place, shown.text)
    }

    private var figures: [String] {
        let step = result.step
        let isEqual = result.recorded.hasBits(of: step)
        let origin =
            result.start.checkpoint?.path ?? "the beginning: no complete checkpoint before it"
        return result.start.messages.map { "warning: \($0)" } + [
            "step \(step.step), computed again on one rank from \(origin)",
            "  loss             \(step.loss)",
            "  gradient norm    \(step.gradientNorm)",
            "  learning rate    \(step.learningRate)",
            isEqual
                ? "  metrics.jsonl    the same, bit for bit"
                : "  metrics.jsonl    differs: loss \(Self.number(result.recorded.loss)), "
                    + "gradient norm \(Self.number(result.recorded.gradientNorm)), "
                    + "learning rate \(Self.number(result.recorded.learningRate))",
        ]
    }

    private var layers: [String] {
        let width = max(5, result.step.layers.map(\.name.count).max() ?? 0)
        func line(_ name: String, _ columns: [String]) -> String {
            "  " + name.padding(toLength: width, withPad: " ", startingAt: 0)
                + columns.map { String(repeating: " ", count: max(2, 16 - $0.count)) + $0 }.joined()
        }
        return [line("layer", ["parameters", "gradient norm", "weight norm"])]
            + result.step.layers.map { layer in
                line(
                    layer.name,
                    [
                        "\(layer.parameterCount)", String(format: "%.6g", layer.gradientNorm),
                        String(format: "%.6g", layer.weightNorm),
                    ])
            }
    }

    /// The place of a sequence on one line, its text on the next.
    private func sequence(_ number: Int) throws -> String {
        let shown = try shown(number)
        let text =
            isFull ? shown.text : "  " + QuotedText.line(shown.text, limit: Self.characterCount)
        return "sequence \(number): \(shown.place)\n\(text)"
    }
}
