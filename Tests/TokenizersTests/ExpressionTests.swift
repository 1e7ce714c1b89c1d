import Diagnostics
import Testing
import Tokenizers

/// The matcher of patterns that are not known, held against the engine of the `tokenizers` library.
@Suite struct ExpressionTests {
    private struct Reference: Decodable {
        struct Case: Decodable {
            var pattern: String
            var text: String
            var pieces: [String]
        }

        var cases: [Case]
    }

    private func pieces(
        _ pattern: String, _ text: String, _ syntax: ExpressionSyntax = .ruby
    ) throws -> [String] {
        let expression = try Expression(pattern, syntax, at: "test")
        var pieces: [String] = []
        var text = text
        try text.withUTF8 { utf8 in
            try expression.forEachStretch(of: utf8) { range, _ in
                if !range.isEmpty { pieces.append(String(decoding: utf8[range], as: UTF8.self)) }
            }
        }
        return pieces
    }

    @Test func piecesOfRandomPatternsEqualThoseOfTheTokenizersLibrary() throws {
        let cases = try Fixture.decode(Reference.self, from: "expressions.json").cases
        #expect(cases.count > 1_000)
        for example in cases {
            let pieces = try pieces(example.pattern, example.text)
            #expect(
                pieces.elementsEqual(example.pieces) { $0.utf8.elementsEqual($1.utf8) },
                "\(example.pattern) on \(example.text.debugDescription): \(pieces)")
        }
    }

    /// What the two syntaxes read in different ways; values of tokenizers 0.23.3 and tiktoken 0.14.
    @Test(arguments: [
        ("a{1,2}+", "aaaaa", ["aaaaa"], ["aa", "aa", "a"]),
        ("a{2}+", "aaaaa", ["aaaa", "a"], ["aa", "aa", "a"]),
        ("^a", "a\na", ["a", "\n", "a"], ["a", "\na"]),
        ("a$", "a\na", ["a", "\n", "a"], ["a\n", "a"]),
        ("(?m)a.b", "a\nb", ["a\nb"], ["a\nb"]), ("(?m)^a", "\na", ["\n", "a"], ["\n", "a"]),
        ("(?i)\\p{Lu}+", "aB", ["a", "B"], ["aB"]),
        ("(?i:'s)", "'\u{17F}x", ["'\u{17F}", "x"], ["'\u{17F}", "x"]),
        ("a(?i)b|c", "aBC", ["aB", "C"], ["aB", "C"]),
    ])
    func syntaxesDiffer(_ pattern: String, text: String, ruby: [String], rust: [String]) throws {
        #expect(try pieces(pattern, text) == ruby)
        #expect(try pieces(pattern, text, .rust) == rust)
    }

    @Test(arguments: [
        ("(a)\\1", "\\1"), ("(?<n>a)", "a group with a name"), ("\\X", "\\X"), ("\\K", "\\K"),
        ("(?<=a+)b", "a look-behind of no fixed width"), ("(?x)a", "the option (?x)"),
        ("\\p{Klingon}", "the class \\p{Klingon}"), ("a**", "a repeat of a repeat"),
        ("(?i:ss)", "'ss' without case"), ("(?i:ß)", "without case"),
        ("[a", "a class without an end"),
        ("(a", "a group without an end"), ("a)", "a closing parenthesis alone"), ("*", "nothing"),
        ("[z-a]", "an empty range"), ("a{2000}", "a repeat of more than 1000"),
        ("(?:(?:a|b){1000}){1000}", "a pattern too large"), ("(?~a)", "the option (?~)"),
        (String(repeating: "(", count: 100), "nested too deeply"), ("\\", "a backslash at the end"),
    ])
    func otherSyntaxIsRefusedByName(_ pattern: String, reason: String) throws {
        let failure = try #require(throws: Failure.self) { try pieces(pattern, "a") }
        #expect(failure.got?.contains(reason) == true, "\(failure)")
    }

    @Test(arguments: ["(a|a)+$b", "(a*)*b", "(?:a|aa)+x", "(a+)+\\z(?<=b)"])
    func explosionEndsInAFailure(pattern: String) throws {
        let text = String(repeating: "a", count: 60) + "!"
        let failure = try #require(throws: Failure.self) { try pieces(pattern, text) }
        #expect(failure.what.contains("takes too long"))
    }

    @Test func longTextsOfManyPiecesAreNoExplosion() throws {
        let text = String(repeating: "word 12 !!\n", count: 20_000)
        #expect(try pieces(#"\p{L}+|\p{N}|[^\s]+|\s"#, text).joined() == text)
    }
}
