import Diagnostics
import Foundation
import Testing

@Suite struct ConsoleFormatTests {
    @Test func messagesAreJSONWhateverTheyHold() throws {
        let text = ConsoleFormat.object("a \"b\"\n\u{1B}[2J</x>", level: "warning")
        #expect(!text.contains("\n") && !text.contains("\u{1B}"))
        let object = try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
        #expect(object["message"] == "a \"b\"\n\u{1B}[2J</x>")
        #expect(object["level"] == "warning" && object["kind"] == "log")
    }
}
