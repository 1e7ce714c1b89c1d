import Foundation
import Synchronization

/// Lines at the bottom of a terminal that stay there, and change, while others go by above them.
///
/// The cursor waits at the start of the line below them: what another process prints there has a line of
/// its own.
package enum ConsoleFooter {
    /// A line, and how many columns it takes.
    package struct Line: Equatable, Sendable {
        package let text: String
        package let width: Int

        /// - Parameter width: the columns of what is seen, without escapes.
        package init(_ text: String, width: Int) {
            (self.text, self.width) = (text, width)
        }
    }

    private struct State {
        var lines: [Line] = []
        var columns: @Sendable () -> Int = { 80 }
        /// Whether the lines are on the terminal now.
        var isDrawn = false
        /// Whether the last text above has not ended its line.
        var isInsideLine = false
    }

    private static let state = Mutex(State())
    private static let escape = "\u{1B}["

    /// Whether there are such lines.
    package static var isShown: Bool { state.withLock { !$0.lines.isEmpty } }

    /// Shows lines in place of those before.
    ///
    /// - Parameter columns: the width of the terminal now: it decides how many rows the old lines take.
    package static func show(_ lines: [Line], columns: @escaping @Sendable () -> Int) {
        state.withLock { state in
            guard !state.isInsideLine else {
                state.lines = lines
                return
            }
            // Each row is overwritten, not cleared before: nothing flickers.
            let up = state.isDrawn ? rows(state.lines, columns()) : 0
            let text = lines.map { $0.text + "\(escape)K\n" }.joined()
            put((up > 0 ? "\(escape)\(up)A\r" : "") + text + "\(escape)J")
            (state.lines, state.columns, state.isDrawn) = (lines, columns, true)
        }
    }

    /// Takes the lines away.
    package static func hide() {
        state.withLock { state in
            put(erasing(&state))
            state.lines = []
        }
    }

    /// Calls `write` with the terminal as it would be without these lines, and puts them back below.
    ///
    /// - Parameter endsLine: whether what is written ends with a line feed.
    static func aside(endsLine: Bool, _ write: () -> Int32) -> Int32 {
        state.withLock { state in
            guard !state.lines.isEmpty else { return write() }
            put(erasing(&state))
            let code = write()
            state.isInsideLine = !endsLine
            if endsLine {
                put(state.lines.map { $0.text + "\n" }.joined())
                state.isDrawn = true
            }
            return code
        }
    }

    private static func erasing(_ state: inout State) -> String {
        guard state.isDrawn else { return "" }
        state.isDrawn = false
        let up = rows(state.lines, state.columns())
        return "\(escape)\(up)A\r\(escape)J"
    }

    /// The rows that lines take on a terminal, which breaks those that are too long for it.
    package static func rows(_ lines: [Line], _ columns: Int) -> Int {
        lines.reduce(0) { $0 + max(1, ($1.width + columns - 1) / max(1, columns)) }
    }

    private static func put(_ text: String) {
        guard !text.isEmpty else { return }
        _ = Console.writeAll(Array(text.utf8), to: STDOUT_FILENO)
    }
}
