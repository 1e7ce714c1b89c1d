import Diagnostics
import Foundation

/// The lines of a live status, for a terminal of any width: what does not fit is left out, the least
/// important first.
package struct StatusLines {
    private let figures: StatusFigures
    private let columns: Int
    private let isColored: Bool
    private let isUnicode: Bool

    private static let blocks: [Character] = Array(
        "\u{2581}\u{2582}\u{2583}\u{2584}\u{2585}\u{2586}\u{2587}\u{2588}")
    private static let dots: [Character] = Array("_.-~=+*#")
    private static let (least, most) = (5, 40)

    package init(_ figures: StatusFigures, columns: Int, isColored: Bool, isUnicode: Bool) {
        self.figures = figures
        // The last column stays free: some terminals break the line behind it.
        self.columns = max(1, columns - 1)
        (self.isColored, self.isUnicode) = (isColored, isUnicode)
    }

    package var lines: [ConsoleFooter.Line] {
        [progress, line(learning), line(machine), warning].compactMap { $0 }
    }

    private func line(_ text: String, color: Int? = nil) -> ConsoleFooter.Line? {
        guard !text.isEmpty else { return nil }
        let shown = String(text.prefix(columns))
        guard isColored, let color else { return ConsoleFooter.Line(shown, width: shown.count) }
        return ConsoleFooter.Line("\u{1B}[\(color)m\(shown)\u{1B}[0m", width: shown.count)
    }

    /// As many of the parts, from the first on, as there is room for.
    private func joined(_ parts: [String?], room: Int) -> String {
        parts.compactMap { $0 }.reduce("") { text, part in
            let longer = text.isEmpty ? part : text + "  " + part
            return longer.count <= room ? longer : text
        }
    }

    private var progress: ConsoleFooter.Line? {
        let step = "\(figures.last?.step ?? figures.firstStep)/\(figures.stepCount)"
        let percent = "\(Int((100 * figures.share).rounded(.down))) %"
        let left = figures.remaining.map { Quantity.clock($0) + " left" }
        let words = joined([step, percent, left], room: columns)
        let room = min(Self.most, columns - words.count - 2)
        guard room >= Self.least else { return line(words, color: 1) }
        let done = Int((Double(room) * figures.share).rounded(.down))
        let (full, empty) = isUnicode ? ("\u{2588}", "\u{2591}") : ("#", ".")
        let bar =
            String(repeating: full, count: min(room, done))
            + String(repeating: empty, count: max(0, room - done))
        let width = room + 2 + words.count
        return ConsoleFooter.Line(
            isColored ? "\u{1B}[36m\(bar)\u{1B}[0m  \(words)" : "\(bar)  \(words)", width: width)
    }

    private var learning: String {
        guard let last = figures.last else { return "" }
        let smoothed = figures.smoothedLoss.map { $0.formattedTo(4) } ?? "?"
        return joined(
            [
                "loss \(smoothed)", curve, "last \(last.loss.formattedTo(4))",
                figures.validationLoss.map { "validation \($0.formattedTo(4))" },
                "norm \(last.gradientNorm.formattedTo(2))",
                "learning rate \(String(format: "%.1e", last.learningRate))",
            ], room: columns)
    }

    private var machine: String {
        guard let last = figures.last else { return "" }
        return joined(
            [
                "\(Quantity.number(last.tokensPerSecond)) tokens/s",
                figures.peakShare.map { "\(Int((100 * $0).rounded())) % of peak" },
                figures.waitingShare.map { "waiting \(Int((100 * $0).rounded())) %" },
                "memory \(Quantity.bytes(last.peakMemoryBytes))",
                figures.steps(toNextOf: figures.validationSteps).map { "validation in \($0)" },
                figures.steps(toNextOf: figures.checkpointSteps).map { "checkpoint in \($0)" },
            ], room: columns)
    }

    private var warning: ConsoleFooter.Line? {
        figures.warning.flatMap { line("! \($0)", color: 33) }
    }

    /// The losses as a small curve.
    private var curve: String? {
        let losses = figures.losses
        let room = min(24, columns / 4)
        guard room >= 4, losses.count >= 2, let low = losses.min(), let high = losses.max() else {
            return nil
        }
        let ramp = isUnicode ? Self.blocks : Self.dots
        let cells = (0..<min(room, losses.count)).map { cell in
            let value = losses[cell * (losses.count - 1) / max(1, min(room, losses.count) - 1)]
            let share = high > low ? (value - low) / (high - low) : 0
            return ramp[Int((share * Double(ramp.count - 1)).rounded())]
        }
        return String(cells)
    }
}
