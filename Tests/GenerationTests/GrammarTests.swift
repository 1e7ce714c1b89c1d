import Diagnostics
import Generation
import JSON
import Testing

/// Texts that follow a grammar, byte by byte.
@Suite struct GrammarTests {
    /// Tokens of single bytes, then an end of text.
    private static let bytes = Pieces(
        pieces: (0..<256).map { [UInt8($0)] } + [[]], endOfTextID: 256)
    private static let tree = TokenTree(bytes)

    private func accepts(_ grammar: TokenGrammar, _ text: String) -> Bool {
        let constraint = grammar.constraint()
        for byte in text.utf8 {
            guard constraint.allows(Int32(byte)) else { return false }
            constraint.advance(by: Int32(byte))
        }
        return constraint.allows(256)
    }

    private func schema(_ text: String) throws -> TokenGrammar {
        let json = try JSONValue(parsing: Array(text.utf8), at: "the schema")
        return try TokenGrammar(JSONSchemaGrammar(json).rules, Self.tree)
    }

    @Test(
        arguments: [
            (
                #"{"type": "integer", "minimum": -7, "maximum": 120}"#, ["-7", "0", "119", "120"],
                ["-8", "121", "01", "1.5", "-0"]
            ),
            (#"{"type": "integer", "exclusiveMinimum": 9}"#, ["10", "123456"], ["9", "-1"]),
            (#"{"type": "integer", "multipleOf": 5}"#, ["0", "45"], ["7"]),
            (
                #"{"type": "number", "minimum": 0, "exclusiveMaximum": 2}"#, ["0", "1.75", "1"],
                ["2", "2.0", "-1"]
            ),
            (#"{"type": "number"}"#, ["-12.5e-3", "0"], ["1.", ".5", "01"]),
            (
                #"{"type": "string", "minLength": 2, "maxLength": 3}"#,
                [#""ab""#, #""é\n😀""#.replacing("\n", with: "\\n")],
                [#""a""#, #""abcd""#, "\"a\nb\""]
            ),
            (
                #"{"type": "string", "pattern": "^[a-c]+\\d{2}$"}"#, [#""ab12""#],
                [#""ab1""#, #""d12""#]
            ),
            (#"{"type": "string", "pattern": "x"}"#, [#""axb""#, #""x""#], [#""ab""#]),
            (
                #"{"type": "string", "format": "date"}"#, [#""2024-02-28""#],
                [#""2024-13-01""#, #""2024-2-1""#]
            ),
            (#"{"enum": ["a", 1, null]}"#, [#""a""#, "1", "null"], ["2", "\"b\""]),
            (#"{"const": {"a": [1]}}"#, [#"{"a":[1]}"#], ["{}"]),
            (
                #"{"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 2}"#,
                ["[true]", "[true, false]", "[true,false]"], ["[]", "[true,true,true]", "[1]"]
            ),
            (
                #"{"type": "array", "prefixItems": [{"type": "null"}, {"type": "boolean"}], "items": false}"#,
                ["[null, true]"], ["[]", "[null,true,1]"]
            ),
            (
                #"{"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "null"}, "c": {"type": "null"}}, "required": ["b"]}"#,
                [#"{"b":null}"#, #"{"a":null, "b": null}"#, #"{"b":null,"c":null}"#],
                ["{}", #"{"a":null}"#, #"{"c":null,"b":null}"#, #"{"b":null,}"#]
            ),
            (
                #"{"type": "object", "additionalProperties": {"type": "null"}, "maxProperties": 1}"#,
                ["{}", #"{"x":null}"#], [#"{"x":1}"#, #"{"x":null,"y":null}"#]
            ),
            (
                ##"{"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "object", "properties": {"next": {"$ref": "#/$defs/tree"}}}}}"##,
                ["{}", #"{"next":{"next":{}}}"#], [#"{"next":1}"#]
            ),
            (#"{"anyOf": [{"type": "null"}, {"type": "integer"}]}"#, ["null", "3"], ["true"]),
            (
                #"{"oneOf": [{"type": "object", "properties": {"k": {"const": "a"}}, "required": ["k"]}, {"type": "object", "properties": {"k": {"const": "b"}}, "required": ["k"]}]}"#,
                [#"{"k":"b"}"#], [#"{"k":"c"}"#]
            ),
            (
                #"{"allOf": [{"type": "integer", "minimum": 3}, {"maximum": 5}]}"#, ["3", "5"],
                ["2", "6"]
            ),
            (#"true"#, [#"{"a":[1,"x",{"b":null}]}"#, "[]"], ["{"]),
        ] as [(String, [String], [String])])
    func schemasTakeWhatTheyMean(text: String, good: [String], bad: [String]) throws {
        let grammar = try schema(text)
        for text in good { #expect(accepts(grammar, text), "\(text)") }
        for text in bad { #expect(!accepts(grammar, text), "\(text)") }
    }

    @Test(arguments: [
        (#"{"not": {}}"#, "not"), (#"{"type": "array", "uniqueItems": true}"#, "uniqueItems"),
        (#"{"oneOf": [{"type": "integer"}, {"type": "number"}]}"#, "oneOf"),
        (#"{"type": "string", "format": "nothing"}"#, "format"), (#"{"enum": []}"#, "satisfies"),
        (##"{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}"##, "satisfies"),
        (#"{"type": "integer", "minimum": 3, "maximum": 2}"#, "satisfies"),
        (#"{"$ref": "http://x"}"#, "$ref"), (#"[]"#, "object"),
        (#"{"type": "string", "pattern": "(?=a)b"}"#, "pattern"),
    ])
    func whatCannotBeWrittenIsRefusedByItsKeyword(text: String, word: String) throws {
        let failure = #expect(throws: Failure.self) { try schema(text) }
        #expect(failure?.line.contains(word) == true, "\(failure?.line ?? "")")
    }

    @Test func aPatternHoldsTheWholeText() throws {
        let grammar = try TokenGrammar([.whole("(ab|c)*[é-ë]?\\w")], Self.tree)
        for text in ["x", "ababc_", "céz", "cê9"] { #expect(accepts(grammar, text), "\(text)") }
        for text in ["", "ab ", "éé", "cì9"] { #expect(!accepts(grammar, text), "\(text)") }
    }

    /// The mask is what the tokens themselves are allowed.
    @Test func theMaskIsWhatIsAllowed() throws {
        let pieces = Pieces(
            pieces: ["{", "}", "\"", "{\"", "\":", "a", "ab", "1", "12", "true", ": ", ",", " "]
                .map { Array($0.utf8) } + [[]], endOfTextID: 13)
        let json = try JSONValue(
            parsing: Array(
                #"{"type":"object","properties":{"a":{"type":"integer"},"ab":{"type":"boolean"}}}"#
                    .utf8), at: "")
        let grammar = try TokenGrammar(JSONSchemaGrammar(json).rules, TokenTree(pieces))
        for text in [[], [0], [3], [3, 5, 4], [3, 5, 4, 8], [3, 6, 2, 10]] as [[Int32]] {
            let constraint = grammar.constraint()
            for id in text {
                #expect(constraint.allows(id))
                constraint.advance(by: id)
            }
            var scores = [Float](repeating: 1, count: 14)
            constraint.ruleOut(&scores)
            for id in 0..<Int32(14) { #expect((scores[Int(id)] == 1) == constraint.allows(id)) }
            #expect(scores.contains(1))
        }
    }

    /// Texts that would rather go on for ever, of which each token that is drawn is a random one.
    @Test(
        arguments: [
            (#"{"type": "string"}"#, 2), (#"{"type": "array"}"#, 2), ("{}", 1),
            (
                #"{"type": "object", "properties": {"é": {}, "b": {"type": "array"}}, "required": ["b"]}"#,
                8
            ),
            (##"{"type": "object", "properties": {"a": {"$ref": "#"}}, "required": []}"##, 2),
            (#"{"type": "string", "pattern": "^(ab|c)+[0-9]?$"}"#, 3),
        ])
    func aTextEndsWithinItsTokens(text: String, shortest: Int) throws {
        let grammar = try schema(text)
        var random = SystemRandomNumberGenerator()
        for count in (shortest + 1)..<(shortest + 60) {
            let constraint = grammar.constraint()
            constraint.begin(within: count)
            var bytes: [UInt8] = []
            while !constraint.isDone {
                var scores = (0..<257).map { Float($0 == 256 ? 0 : $0 == 0x61 ? 2 : 1) }
                constraint.ruleOut(&scores)
                let drawable = scores.indices.filter { scores[$0] > 0 }
                let id = Int32(drawable.randomElement(using: &random) ?? 256)
                #expect(constraint.allows(id))
                if id == 256 { break }
                constraint.advance(by: id)
                bytes.append(UInt8(id))
            }
            #expect(bytes.count < count || constraint.isDone && bytes.count == count)
            #expect(accepts(grammar, String(decoding: bytes, as: UTF8.self)), "\(count): \(bytes)")
        }
    }

    /// Without enough tokens for any text, all that the grammar allows may still come.
    @Test func tooFewTokensRuleNothingOut() throws {
        let grammar = try schema(#"{"const": "abcdef"}"#)
        let constraint = grammar.constraint()
        constraint.begin(within: 7)
        for byte in #""abcdef"#.utf8 {
            #expect(constraint.allows(Int32(byte)))
            constraint.advance(by: Int32(byte))
        }
        #expect(constraint.allows(0x22))
    }

    /// Without a token that ends a text, one that is whole is done where only that token would be left.
    @Test func aTextEndsInTimeWithoutAnEndOfText() throws {
        let pieces = Pieces(pieces: (0..<256).map { [UInt8($0)] }, endOfTextID: nil)
        let json = try JSONValue(parsing: Array(#"{"type": "integer"}"#.utf8), at: "")
        let grammar = try TokenGrammar(JSONSchemaGrammar(json).rules, TokenTree(pieces))
        let constraint = grammar.constraint()
        constraint.begin(within: 3)
        for (byte, isLast) in zip("-1".utf8, [false, true]) {
            #expect(!constraint.isDone)
            var scores = [Float](repeating: 1, count: 256)
            constraint.ruleOut(&scores)
            #expect(scores.contains(1) && scores[Int(byte)] == 1)
            constraint.advance(by: Int32(byte))
            #expect(constraint.isDone == isLast)
        }
    }
}
