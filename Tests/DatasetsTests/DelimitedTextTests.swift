import Datasets
import TemporaryFolders
import Testing

@Suite struct DelimitedTextTests {
    private func records(
        _ text: String, _ format: DelimitedFormat
    ) throws -> [DelimitedRecord] {
        let folder = try Scratch()
        try folder.write(text, to: "a")
        return try ExampleFile(reading: folder("a")).records(format)
    }

    /// Section 2 of RFC 4180, one by one.
    @Test(arguments: [
        ("aaa,bbb\r\nzzz,yyy\r\n", [["aaa", "bbb"], ["zzz", "yyy"]]),
        ("aaa,bbb\nzzz,yyy", [["aaa", "bbb"], ["zzz", "yyy"]]),
        (" a , b\n", [[" a ", " b"]]),
        ("\"aaa\",\"b\r\nbb\",ccc", [["aaa", "b\r\nbb", "ccc"]]),
        ("\"a\"\"b\",\"\"\n", [["a\"b", ""]]),
        ("a\"b,c\n", [["a\"b", "c"]]),
        (",\n\n,,", [["", ""], ["", "", ""]]),
        ("a\rb,c", [["a\rb", "c"]]),
        ("\u{FEFF}é,🙂\n", [["é", "🙂"]]),
        ("", []), ("\r\n\n", []),
    ])
    func fieldsOfCSVAreThoseOfRFC4180(text: String, fields: [[String]]) throws {
        #expect(try records(text, .csv).map(\.fields) == fields)
    }

    @Test func quotesOfTSVAreCharacters() throws {
        let rows = try records("ham\tsay \"hi, you\nspam\t\"a\"\r\n", .tsv)
        #expect(rows.map(\.fields) == [["ham", "say \"hi, you"], ["spam", "\"a\""]])
    }

    @Test func linesCountThoseInsideFields() throws {
        let rows = try records("a\n\"b\n\nc\"\n\nd", .csv)
        #expect(rows.map(\.line) == [1, 2, 6])
    }

    @Test(arguments: [
        ("a,b\n\"c\nd", "a quoted field has no end", "line 2"),
        ("a\n\"b\"c,d", "text behind a closing quote", "line 2"),
        ("a\n\"b\n\"c,d", "text behind a closing quote", "line 3"),
    ])
    func brokenQuotesAreNamedWithTheirLine(text: String, fault: String, place: String) {
        let line = failureLine { _ = try records(text, .csv) }
        #expect(line.contains(fault) && line.contains(place), "\(line)")
    }

    @Test func bytesThatAreNotUTF8AreNamedWithTheirLine() throws {
        let folder = try Scratch()
        try folder.put(Array("a,b\nc,".utf8) + [0xE9, 0x0A], at: "a.csv")
        let line = failureLine { _ = try ExampleFile(reading: folder("a.csv")) }
        #expect(
            line
                == "the file is not UTF-8: expected text in UTF-8, got byte 0xe9, as in Latin-1 or "
                + "Windows-1252 (\(folder("a.csv")), line 2); convert it by iconv -f WINDOWS-1252 "
                + "-t UTF-8, or name its encoding")
    }
}
