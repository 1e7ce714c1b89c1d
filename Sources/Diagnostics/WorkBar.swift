import Foundation

/// How far a piece of work is, as a bar at the bottom of a terminal; work of less than a second shows none.
package final class WorkBar {
    private let name: String
    private let terminal: LiveTerminal
    private let start = ContinuousClock.now
    private var lastDrawn: ContinuousClock.Instant?

    private static let (patience, pause) = (Duration.seconds(1), Duration.milliseconds(250))
    private static let (least, most) = (5, 40)

    /// Nil where no person looks at a terminal, and where a status stands there already.
    package init?(_ name: String) {
        guard ConsoleFormat.current == .text, !ConsoleFooter.isShown,
            let terminal = LiveTerminal.find()
        else { return nil }
        (self.name, self.terminal) = (name, terminal)
    }

    deinit { if lastDrawn != nil { ConsoleFooter.hide() } }

    /// Tells that a part of the work is done.
    package func show(_ done: Int, of total: Int) {
        let now = ContinuousClock.now
        guard now - start >= Self.patience, lastDrawn.map({ now - $0 >= Self.pause }) ?? true
        else { return }
        lastDrawn = now
        let text = Self.text(
            name, done, of: total, seconds: (now - start) / .seconds(1),
            columns: terminal.columns, isUnicode: terminal.isUnicode)
        let color = terminal.isColored ? ("\u{1B}[36m", "\u{1B}[0m") : ("", "")
        ConsoleFooter.show([
            ConsoleFooter.Line(color.0 + text + color.1, width: text.count)
        ]) { [terminal] in terminal.columns }
    }

    /// A line that is narrower than the terminal.
    package static func text(
        _ name: String, _ done: Int, of total: Int, seconds: Double, columns: Int,
        isUnicode: Bool
    ) -> String {
        let share = min(1, max(0, Double(done) / Double(max(1, total))))
        let left = share > 0 ? Quantity.clock(seconds * (1 - share) / share) + " left" : ""
        let words = ["\(Int(100 * share)) %", name, left].filter { !$0.isEmpty }
            .joined(separator: "  ")
        let room = min(most, columns - 1 - words.count - 2)
        guard room >= least else { return String(words.prefix(max(1, columns - 1))) }
        let full = Int((Double(room) * share).rounded(.down))
        return String(repeating: isUnicode ? "\u{2588}" : "#", count: full)
            + String(repeating: isUnicode ? "\u{2591}" : ".", count: room - full) + "  " + words
    }
}
