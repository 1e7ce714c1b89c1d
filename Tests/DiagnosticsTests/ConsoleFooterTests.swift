import Diagnostics
import Testing

@Suite struct ConsoleFooterTests {
    /// A terminal that became narrower has broken the lines that are on it.
    @Test(arguments: [(80, 2), (60, 2), (59, 3), (30, 3), (20, 4), (7, 10)])
    func linesTakeAsManyRowsAsTheTerminalIsNarrow(columns: Int, rows: Int) {
        let lines = [
            ConsoleFooter.Line("\u{1B}[36m##\u{1B}[0m", width: 2),
            ConsoleFooter.Line(String(repeating: "x", count: 60), width: 60),
        ]
        #expect(ConsoleFooter.rows(lines, columns) == rows)
    }

    @Test func anEmptyLineIsARow() {
        #expect(ConsoleFooter.rows([ConsoleFooter.Line("", width: 0)], 80) == 1)
    }
}
