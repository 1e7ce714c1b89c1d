import Diagnostics
import JSON
import Testing

@Suite struct JSONRecordTests {
    private func parse(_ text: String) throws(Failure) -> [JSONRecord] {
        try JSONRecord.parse(Array(text.utf8), at: "f")
    }

    @Test(arguments: [
        ("[]", []), ("", []), (" \n ", []), ("[1]", [1]), ("[\n1,\n\n2 ,3\n]\n", [2, 4, 4]),
        ("1\n2\n", [1, 2]), ("\n\n1 \r\n2", [3, 4]), ("\u{FEFF}1", [1]), ("\u{FEFF}[\n1]", [2]),
        ("{\"a\":\n1}\n2", [1, 3]),
    ])
    func recordsKnowTheirLines(text: String, lines: [Int]) throws {
        #expect(try parse(text).map(\.line) == lines)
    }

    @Test func recordsAreTheValuesInOrder() throws {
        let values: [JSONValue] = [["a": "x\ny"], .integer(1), .null, .array([.number(0.5)])]
        let array = JSONValue.array(values).text()
        #expect(try parse(array).map(\.value) == values)
        let lines = values.map { $0.text() }.joined(separator: "\n")
        #expect(try parse(lines).map(\.value) == values)
    }

    @Test(arguments: [
        ("[1\n2]", "a comma or the end of the array", 2),
        ("[1,\n", "a value", 2), ("[1,]", "a value", 1),
        ("[", "a comma or the end of the array", 1),
        ("[1]\n2", "the end of the document", 2), ("1 2", "the end of the line", 1),
        ("1\n{\"a\"\n", "a colon", 3), ("1\n[2", "a comma or the end of the array", 2),
    ])
    func mistakesAreFoundInTheirLines(text: String, expected: String, line: Int) throws {
        let failure = try #require(throws: Failure.self) { try parse(text) }
        #expect(failure.expected == expected)
        #expect(failure.place == "f, line \(line)")
    }
}
