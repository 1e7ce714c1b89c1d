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
        ("[1,\n", "a value", 1), ("[1,\n]", "a value", 2),
        ("1\r\n\r\n2 3", "the end of the line", 3),
        ("[", "a comma or the end of the array", 1),
        ("[1]\n2", "the end of the document", 2), ("1 2", "the end of the line", 1),
        ("1\n{\"a\"\n", "a colon", 2), ("1\n[2", "a comma or the end of the array", 2),
    ])
    func mistakesAreFoundInTheirLines(text: String, expected: String, line: Int) throws {
        let failure = try #require(throws: Failure.self) { try parse(text) }
        #expect(failure.expected == expected)
        #expect(failure.place == "f, line \(line)")
    }

    private static let record = #"{"a": "b"}"#

    /// What a record cut short lacks is not looked for in the next line.
    @Test(arguments: [#"{"a": "b""#, #"{"a": "b"#, #"{"a":"#, #"{"a"#, "{", #"{"a": "b"}}"#, "["])
    func aBrokenLineIsToldAsItself(broken: String) throws {
        for ending in ["\n", "\r\n", "\n\n"] {
            for number in [1, 3, 5] {
                var lines = Array(repeating: Self.record, count: 5)
                lines[number - 1] = broken
                // An array begins where the first line is a bracket.
                if number == 1 && broken == "[" { continue }
                let line = ending == "\n\n" ? 2 * number - 1 : number
                for end in ["", ending] {
                    let text = lines.joined(separator: ending) + end
                    let failure = try #require(throws: Failure.self) { try parse(text) }
                    #expect(failure.place == "f, line \(line)", "\(text)")
                }
            }
        }
    }

    @Test func elementsOfOneLineHaveNumbers() throws {
        #expect(try parse("[1, 2]").map(\.place) == ["line 1, element 1", "line 1, element 2"])
        #expect(
            try parse("[1,\n2, 3]").map(\.place) == [
                "line 1", "line 2, element 2", "line 2, element 3",
            ])
        for (text, place) in [
            ("[1, 2, {]", "f, line 1, element 3"), ("[1,]", "f, line 1, element 2"),
            ("[{\"a\" 1}, 2]", "f, line 1, element 1"), ("[\n1,\n2, {]", "f, line 3, element 3"),
            ("[\n1,\n{]", "f, line 3"),
        ] {
            let failure = try #require(throws: Failure.self) { try parse(text) }
            #expect(failure.place == place)
        }
    }

    @Test(
        arguments: [
            ([0x1F, 0x8B, 8, 0], "a gzip file"), (Array("{\0\"\0a\0".utf8), "text in UTF-16"),
            ([0xFF, 0xFE] + Array("{\0".utf8), "text in UTF-16"),
            (Array("IQ== 0\nIg== 1\n".utf8), "a tiktoken file"),
            (Array("<!DOCTYPE html><html>".utf8), "a web page"),
        ] as [([UInt8], String)])
    func whatIsNoJSONIsNamed(bytes: [UInt8], name: String) throws {
        let whole = try #require(throws: Failure.self) { try JSONValue(parsing: bytes, at: "f") }
        let records = try #require(throws: Failure.self) { try JSONRecord.parse(bytes, at: "f") }
        for failure in [whole, records] {
            #expect(failure.got == name)
            #expect(failure.remedy != nil)
        }
    }

    @Test func theMarkOfUTF8IsPassedOver() throws {
        #expect(
            try JSONValue(parsing: [0xEF, 0xBB, 0xBF] + Array("[1]".utf8), at: "f") == [.integer(1)]
        )
    }
}
