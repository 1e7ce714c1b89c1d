import Diagnostics
import Training

/// The live status of a training: lines at the bottom of a terminal, drawn at most four times a second.
package final class TerminalStatus: MetricsSink {
    private var figures: StatusFigures
    private let terminal: LiveTerminal
    private let start = ContinuousClock.now
    private var lastDrawn: ContinuousClock.Instant?

    private static let pause = Duration.milliseconds(250)

    package init(_ figures: StatusFigures, on terminal: LiveTerminal) {
        (self.figures, self.terminal) = (figures, terminal)
    }

    package func append(_ record: MetricsRecord) {
        figures.note(record)
        let now = ContinuousClock.now
        guard lastDrawn.map({ now - $0 >= Self.pause }) ?? true else { return }
        lastDrawn = now
        figures.elapsed = (now - start) / .seconds(1)
        let lines = StatusLines(
            figures, columns: terminal.columns, isColored: terminal.isColored,
            isUnicode: terminal.isUnicode
        ).lines
        ConsoleFooter.show(lines) { [terminal] in terminal.columns }
    }

    /// Takes the status away, at the end of the training.
    package func close() { ConsoleFooter.hide() }
}
