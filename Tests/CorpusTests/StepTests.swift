import Corpus
import JSON
import Options
import TemporaryFolders
import Testing

@Suite struct StepTests {
    private static let prose = """
        The man went to the market and that was a good day for all of the people with him. \
        He would have liked to be there with them, but of course the road to the town was long.
        """

    private func reason(_ step: StepOptions, _ text: String) throws -> String? {
        var document = Document(text: Array(text.utf8))
        return try step.step()?.apply(to: &document)
    }

    private func text(_ step: StepOptions, _ text: String) throws -> String {
        var document = Document(text: Array(text.utf8))
        _ = try step.step()?.apply(to: &document)
        return String(decoding: document.text, as: UTF8.self)
    }

    @Test func gopherQualityNamesItsReasons() throws {
        let long = [String](repeating: Self.prose, count: 3).joined(separator: "\n")
        let step = StepOptions(.gopherQuality)
        #expect(try reason(step, long) == nil)
        #expect(try reason(step, "Too short.") == "gopher_short_doc")
        #expect(try reason(step, "") == "gopher_short_doc")
        let bare = long.replacing("The ", with: "").replacing("the ", with: "")
            .replacing("to ", with: "").replacing("of ", with: "").replacing("and ", with: "")
            .replacing("that ", with: "").replacing("with ", with: "").replacing("be ", with: "")
            .replacing("have ", with: "")
        #expect(try reason(step, bare) == "gopher_enough_stop_words")
        #expect(try reason(step, long.replacing(" ", with: " # ")) == "gopher_too_many_hashes")
        let bullets = long.replacing(" ", with: "\n").split(separator: "\n").map { "- \($0)" }
        #expect(try reason(step, bullets.joined(separator: "\n")) == "gopher_too_many_bullets")
    }

    @Test func gopherRepetitionSeesLinesAndRuns() throws {
        let step = StepOptions(.gopherRepetition)
        #expect(try reason(step, Self.prose) == nil)
        #expect(try reason(step, "") == "empty")
        let lines = [String](repeating: Self.prose, count: 3).joined(separator: "\n")
        #expect(try reason(step, lines) == "dup_line_frac")
        let spam = [String](repeating: "buy now cheap", count: 50).joined(separator: " ")
        #expect(try reason(step, spam) == "top_2_gram")
    }

    @Test func c4TakesLinesAndDocumentsAway() throws {
        let options: [OptionValue.Member] = [.init(key: "minimum_sentences", value: .plain("1"))]
        let step = StepOptions(.c4, options)
        let given =
            "A line that stays [12] here.\nno end\nEnable Javascript to see it.\nWe use cookies here."
        #expect(try text(step, given) == "A line that stays  here.")
        #expect(try reason(step, "This is { a line.") == "curly_bracket")
        #expect(try reason(step, "This is Lorem Ipsum dolor.") == "lorem_ipsum")
        #expect(try reason(StepOptions(.c4), "One line here.") == "too_few_sentences")
    }

    @Test func charactersArePutRight() throws {
        let given =
            "It\u{E2}\u{20AC}\u{2122}s  e\u{301}\u{0}\r\n\r\n\r\n\u{FEFF}done \u{A0}\u{200B}. "
        #expect(try text(StepOptions(.text), given) == "It’s é\n\ndone .")
    }

    @Test func loneLettersThatLookLikeMojibakeStay() throws {
        #expect(try text(StepOptions(.text), "S\u{C3}\u{A9}") == "S\u{C3}\u{A9}")
    }

    @Test func personalDataIsMasked() throws {
        let all = ["phone", "card"].map { OptionValue.Member(key: $0, value: .plain("true")) }
        let given =
            "Mail john.doe+x@mail.example.co.uk, call +49 30 1234567 or (212) 555-0187, pay with "
            + "4111 1111 1111 1111 from 8.8.8.8, not 192.168.1.1 or 4111 1111 1111 1112."
        let expected =
            "Mail email@example.com, call +1-555-0100 or +1-555-0100, pay with 0000000000000000 "
            + "from 22.214.171.124, not 192.168.1.1 or 4111 1111 1111 1112."
        #expect(try text(StepOptions(.mask, all), given) == expected)
    }

    @Test func bannedWordsCountAsWholeWordsInAnyCase() throws {
        let words = OptionValue.Member(
            key: "words",
            value: .list(["bad", "very rude"].map { .scalar($0, isPlain: false) }))
        let step = StepOptions(.bannedWords, [words])
        #expect(try reason(step, "A Very RUDE thing.") == "document_removed_with_badwords")
        #expect(try reason(step, "Not badly said, very politely, rude not.") == nil)
    }

    @Test func unknownKeysOfAStepAreNamed() {
        let step = StepOptions(.length, [.init(key: "minimun", value: .plain("1"))])
        #expect(failureLine { try step.validate() }.contains("did you mean minimum?"))
    }
}
