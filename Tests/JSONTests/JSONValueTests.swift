import Diagnostics
import JSON
import Testing

@Suite struct JSONValueTests {
    private func parse(_ text: String) throws -> JSONValue {
        try JSONValue(parsing: Array(text.utf8), at: "a.json")
    }

    @Test func readsEveryKindOfValue() throws {
        let text = """
             {"a": [1, -2.5, 1e3, true, false, null], "b": {"c": "x\\n\\u00e9\\ud83d\\ude00/\\/"},
            "d": [], "e": {}}
            """
        let expected = JSONValue.object([
            "a": .array([
                .integer(1), .number(-2.5), .number(1000), .boolean(true), .boolean(false), .null,
            ]),
            "b": .object(["c": .string("x\né😀//")]), "d": .array([]), "e": .object([:]),
        ])
        #expect(try parse(text) == expected)
    }

    @Test(arguments: [
        "", " ", "{", "[1", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "01", "-", "+1", ".5", "1.",
        "1e", "1e999", "nul", "truee", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"",
        "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\u{1}\"", "1 2", "{\"a\":1,\"a\":2}", "NaN",
    ])
    func refusesWhatIsNotJSON(_ text: String) {
        #expect(throws: Failure.self) { try parse(text) }
    }

    @Test func refusesBytesThatAreNotUTF8() {
        #expect(throws: Failure.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22], at: "a.json") }
    }

    @Test func refusesNestingBeyondTheLimit() throws {
        let levels = { (count: Int) in
            String(repeating: "[", count: count) + String(repeating: "]", count: count)
        }
        #expect(throws: Never.self) { try parse(levels(64)) }
        #expect(throws: Failure.self) { try parse(levels(65)) }
        #expect(throws: Failure.self) { try parse(String(repeating: "[{\"a\":", count: 200_000)) }
    }

    @Test func failureTellsFileAndByte() {
        #expect {
            try parse("{\"a\": 1, \"a\": 2}")
        } throws: { error in
            (error as? Failure)?.line
                == "the JSON is not valid: expected every name once, got \"a\" twice "
                + "(a.json, byte 15)"
        }
    }

    @Test func numbersThatJSONDoesNotKnowAreNullAndFound() {
        let value = JSONValue.object([
            "a": .array([.integer(1), .object(["b c": .number(-.infinity)])]),
            "d": .number(.nan), "e": .number(1),
        ])
        #expect(value.text() == #"{"a":[1,{"b c":null}],"d":null,"e":1.0}"#)
        #expect(value.nonFiniteNumber?.path == "a[1].b c")
        #expect(value.nonFiniteNumber?.value == -.infinity)
        #expect(JSONValue.number(.nan).nonFiniteNumber?.path.isEmpty == true)
        #expect(JSONValue.array([.number(2), .null]).nonFiniteNumber == nil)
    }

    @Test(arguments: [
        1e-5, 0.1, 0.02, 1.0 / 3, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1e16, -0.0, 3.0,
    ])
    func doublesReadBackAsTheSameBits(_ number: Double) throws {
        let text = JSONValue.number(number).text(isPretty: false)
        #expect(try parse(text).double?.bitPattern == number.bitPattern)
    }

    @Test(arguments: [(Float(1e-5), "1e-05"), (0.1, "0.1"), (0, "0.0"), (0.2, "0.2")])
    func floatsAreWrittenShortAndReadBack(_ float: Float, _ text: String) throws {
        #expect(JSONValue.float(float).text(isPretty: false) == text)
        #expect(try parse(text).double.map { Float($0) } == float)
    }

    @Test func integersKeepEveryDigit() throws {
        #expect(try parse("9223372036854775807") == .integer(.max))
        #expect(try parse("9223372036854775808").integer == nil)
        #expect(JSONValue.integer(.min).text(isPretty: false) == "-9223372036854775808")
    }

    @Test func writesSortedMembersAndEscapes() throws {
        let value = JSONValue.object([
            "b": .array([.integer(1), .null]), "a": .string("\"\\\n\u{1}é"), "B": .object([:]),
        ])
        #expect(
            value.text(isPretty: false)
                == "{\"B\":{},\"a\":\"\\\"\\\\\\n\\u0001é\",\"b\":[1,null]}")
        #expect(
            value.text(isPretty: true)
                == "{\n  \"B\": {},\n  \"a\": \"\\\"\\\\\\n\\u0001é\",\n  \"b\": [\n    1,\n"
                + "    null\n  ]\n}\n")
        #expect(try parse(value.text(isPretty: true)) == value)
    }

    @Test func tokenizerStyleKeepsTheOrderOfMembersAndEscapesShort() throws {
        let value: JSONValue = ["b": [true, .null], "a": "\u{8}\u{C}\u{1F}\t", "c": [:], "": []]
        let text =
            "{\n  \"b\": [\n    true,\n    null\n  ],\n"
            + "  \"a\": \"\\b\\f\\u001f\\t\",\n  \"c\": {},\n  \"\": []\n}"
        #expect(String(decoding: value.rendered(.tokenizer), as: UTF8.self) == text)
        #expect(try parse(text) == value)
        #expect(value.text() == #"{"":[],"a":"\u0008\u000c\u001f\t","b":[true,null],"c":{}}"#)
    }

    @Test func canonicallyEqualNamesAreTwoOnlyAsBytes() throws {
        let text = "{\"\u{C5}\": 1, \"\u{212B}\": 2}"
        #expect(throws: Failure.self) { try parse(text) }
        let value = try JSONValue(parsing: Array(text.utf8), at: "a.json", names: .bytes)
        #expect(value["\u{C5}"] == .integer(1))
        #expect(value["\u{212B}"] == .integer(2))
        #expect(JSONValue.string("\u{C5}") != .string("\u{212B}"))
        #expect(throws: Failure.self) {
            try JSONValue(parsing: Array("{\"a\":1,\"a\":2}".utf8), at: "a", names: .bytes)
        }
    }
}
