import Corpus
import Testing

@Suite struct WordTests {
    private func words(_ text: String) -> [String] {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBufferPointer { Words.words(of: $0) }
            .map { String(decoding: bytes[$0.range], as: UTF8.self) }
    }

    @Test func apostrophesAndDecimalPointsJoin() {
        #expect(
            words("Don't pay 3.14, or 1,000.50... it’s well-known (naïve)!!")
                == [
                    "Don't", "pay", "3.14", ",", "or", "1,000.50", "...", "it’s", "well", "-",
                    "known", "(", "naïve", ")", "!!",
                ])
    }

    @Test func linesEndAsInPython() {
        let bytes = Array("a\r\nb\u{2028}c\u{0B}\n".utf8)
        let lines = bytes.withUnsafeBufferPointer { text in
            Lines.split(text).map { String(decoding: text[$0], as: UTF8.self) }
        }
        #expect(lines == ["a", "b", "c", ""])
    }

    @Test(arguments: [
        ("One. Two! Three?", 3), ("No end", 1), ("", 1), ("\"Yes.\" He left. ", 2),
        ("3.14 is a number", 1),
    ])
    func sentencesEndWithMarks(text: String, count: Int) {
        let bytes = Array(text.utf8)
        #expect(
            bytes.withUnsafeBufferPointer { Lines.sentenceCount($0, in: 0..<$0.count) } == count)
    }
}
