import Diagnostics
import Foundation

/// A step of a run that was computed again, as one page of HTML.
package struct StepPage {
    package struct Layer: Sendable {
        package let name: String
        package let parameterCount: Int
        package let gradientNorm: Double
        package let weightNorm: Double

        package init(name: String, parameterCount: Int, gradientNorm: Double, weightNorm: Double) {
            (self.name, self.parameterCount) = (name, parameterCount)
            (self.gradientNorm, self.weightNorm) = (gradientNorm, weightNorm)
        }
    }

    package struct Sequence: Sendable {
        /// Nats of what counts in it, and how much that is; nil where nothing does.
        package let loss: Double?
        package let place: String
        package let text: String

        package init(loss: Double?, place: String, text: String) {
            (self.loss, self.place, self.text) = (loss, place, text)
        }
    }

    private let title: String
    private let facts: [ReportContent.Fact]
    private let layers: [Layer]
    private let sequences: [Sequence]

    /// - Parameters:
    ///   - title: the run and the step.
    ///   - facts: its figures.
    package init(
        title: String, facts: [ReportContent.Fact], layers: [Layer], sequences: [Sequence]
    ) {
        (self.title, self.facts, self.layers, self.sequences) = (title, facts, layers, sequences)
    }

    package var html: String {
        PageFrame(
            title: title, kind: "a step computed again",
            subtitle: "A training step, computed again"
        ).html([PageFrame.tiles(facts), layerTable, sequenceList])
    }

    private var layerTable: String {
        let highest = layers.map(\.gradientNorm).filter(\.isFinite).max() ?? 0
        let rows = layers.map { layer in
            // Of a layer without weights, and without a gradient, there is nothing to compare.
            let share = layer.weightNorm > 0 ? layer.gradientNorm / layer.weightNorm : 0
            return [
                PlainText.markup(layer.name), "\(layer.parameterCount)",
                PageFrame.bar(
                    highest > 0 ? layer.gradientNorm / highest : 0, Self.number(layer.gradientNorm)),
                Self.number(layer.weightNorm), Self.number(share),
            ]
        }
        return PageFrame.section(
            "Norms by layer",
            "<p class=\"soft\">The gradient says where the loss falls fastest, its norm how "
                + "steeply. Layers of one kind mostly have norms of one size; one far above the "
                + "others is where a run diverges first.</p>\n"
                + PageFrame.table(
                    ["layer", "parameters", "gradient norm", "weight norm", "gradient to weight"],
                    rows))
    }

    private var sequenceList: String {
        let highest = sequences.compactMap(\.loss).filter(\.isFinite).max() ?? 0
        let boxes = sequences.enumerated().map { number, sequence in
            let loss =
                sequence.loss.map {
                    PageFrame.bar(highest > 0 ? $0 / highest : 0, "loss \($0.formattedTo(4))")
                } ?? "nothing in it counts"
            return "<div class=\"box\"><b>sequence \(number)</b> &nbsp; \(loss)"
                + "<br><span class=\"soft\">\(PlainText.markup(PlainText.line(sequence.place)))</span>"
                + "<pre>\(PlainText.markup(sequence.text))</pre></div>"
        }
        return PageFrame.section("The batch", boxes.joined(separator: "\n"))
    }

    private static func number(_ value: Double) -> String {
        value.isFinite ? String(format: "%.5g", value) : "not finite"
    }
}
