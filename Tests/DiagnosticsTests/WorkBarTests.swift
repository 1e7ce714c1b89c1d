import Diagnostics
import Testing

@Suite struct WorkBarTests {
    private func text(_ done: Int, columns: Int = 80, seconds: Double = 30) -> String {
        WorkBar.text(
            "preparing", done, of: 200, seconds: seconds, columns: columns, isUnicode: false)
    }

    @Test func tellsHowMuchIsDoneAndLeft() {
        let half = text(100)
        #expect(half.hasPrefix(String(repeating: "#", count: 20) + "...................."))
        #expect(half.hasSuffix("  50 %  preparing  0:00:30 left"))
        #expect(text(0).hasSuffix("  0 %  preparing"))
        #expect(text(999).contains("  100 %  preparing  0:00:00 left"))
    }

    @Test(arguments: [1, 2, 20, 40, 79, 200])
    func nothingIsWiderThanTheTerminal(columns: Int) {
        for done in [0, 1, 100, 200] {
            #expect(text(done, columns: columns, seconds: 1e6).count <= max(1, columns - 1))
        }
    }
}
