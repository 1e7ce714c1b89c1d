import Datasets
import Foundation
import TemporaryFolders
import Testing

/// Labels and tables as people write them.
@Suite struct LabelSpellingTests {
    let folder: Scratch

    init() throws { folder = try Scratch() }

    private func set(_ text: String, _ name: String = "a.tsv") throws -> LabelledTextSet {
        try folder.write(text, to: name)
        return try LabelledTextSet(reading: [folder(name)], columns: LabelledTextColumns())
    }

    @Test func whiteSpaceAroundALabelIsNoPartOfIt() throws {
        let files = [
            try set("ham\ta\n ham\tb\nham \tc\n"), try set("ham,a\n ham,b\n\"ham \",c\n", "a.csv"),
            try set(
                ["ham", " ham", "ham\\n"].enumerated().map {
                    #"{"text": "\#("abc".dropFirst($0).prefix(1))", "label": "\#($1)"}"#
                }.joined(separator: "\n"), "a.jsonl"),
        ]
        for file in files {
            #expect(file.texts.map(\.label) == ["ham", "ham", "ham"])
            #expect(file.texts.map(\.text) == ["a", "b", "c"])
        }
        // Models of before may have such a name.
        let text = try #require(files[0].texts.first)
        #expect(try ClassLabels([" ham", "spam"]).index(of: text) == 0)
    }

    @Test(arguments: ["", " ", "NaN", "nan", "NA", "N/A", "null", "NULL", "None", "<NA>", " NaN "])
    func missingLabelsAreLeftOutAndCounted(label: String) throws {
        let set = try set("ham\ta\n\(label)\tb\nspam\tc\n")
        #expect(set.texts.map(\.text) == ["a", "c"])
        #expect(set.missingCount == 1)
        #expect(set.warning?.hasPrefix("1 of 3 texts have no label") == true)
        #expect(
            failureLine { _ = try self.set("\(label)\ta\n\(label)\tb\n") }.hasPrefix(
                "no text has a label: "))
    }

    @Test func aNullIsMissingToo() throws {
        let set = try set(
            #"{"text": "a", "label": null}"# + "\n" + #"{"text": "b", "label": "x"}"#, "a.jsonl")
        #expect(set.texts.map(\.text) == ["b"] && set.missingCount == 1)
        #expect(try self.set("ham\ta\n").warning == nil)
    }

    private func labels(_ names: String...) throws -> ClassLabels { try ClassLabels(names) }

    @Test func labelsThatAreNearlyTheSameAreNamed() throws {
        #expect(
            try labels("HAM", "Ham!", "ham", "spam").nearDuplicates == [["HAM", "Ham!", "ham"]])
        #expect(
            try labels("not spam", "not-spam", "spam").nearDuplicates == [["not spam", "not-spam"]])
        #expect(try labels("0", "1", "1.0").nearDuplicates == [["1", "1.0"]])
        // Signs tell these apart.
        #expect(try labels("-1", "0", "1").nearDuplicates.isEmpty)
        #expect(try labels("+", "-", "?").nearDuplicates.isEmpty)
        #expect(try labels("ham", "spam").warnings(of: []).isEmpty)
        #expect(
            try labels("HAM", "ham").warnings(of: []) == [
                "the labels \"HAM\", \"ham\" differ in case, punctuation or white space alone, and are "
                    + "2 classes"
            ])
    }

    /// Twenty messages and their labels, which stand in the second column.
    @Test func textsInThePlaceOfLabelsAreNoticed() throws {
        func rows(_ label: (Int) -> String, _ text: (Int) -> String) -> String {
            (0..<24).map { "\(label($0))\t\(text($0))" }.joined(separator: "\n")
        }
        let swapped = rows({ "message number \($0)" }, { $0 % 2 == 0 ? "spam" : "ham" })
        let refusal = failureLine { _ = try set(swapped) }
        #expect(refusal.hasPrefix("the labels of the table look like texts"), "\(refusal)")
        let named = try set("label\ttext\n" + swapped)
        let warnings = try ClassLabels(of: named.texts).warnings(of: named.texts)
        #expect(warnings.count == 1)
        #expect(warnings.first?.hasPrefix("there are 24 classes for 24 texts, such as ") == true)
        // Long labels that repeat.
        let long = try set(rows({ "message number \($0 % 12)" }, { $0 % 2 == 0 ? "spam" : "ham" }))
        #expect(try ClassLabels(of: long.texts).warnings(of: long.texts).count == 1)
        // Twelve topics of short names are nothing to wonder at.
        let topics = try set(rows({ "topic \($0 % 12)" }, { "a message of some length \($0)" }))
        #expect(try ClassLabels(of: topics.texts).warnings(of: topics.texts).isEmpty)
    }

    /// The same two texts in each.
    @Test(arguments: [
        "label, text\nx, \"a, b\"\ny, \"c\"\n", "label,text\n\"x\" ,\"a, b\"\n\"y\" ,c\n",
        "label,text\nx,\"a, b\",\ny,c,,\n", "label;text\r\nx;a, b\r\ny;c\r\n",
        "label|text\nx|a, b\ny|c",
        "label\ttext\nx\ta, b\ny\tc\n", "label,text\rx,\"a, b\"\ry,c\r", "x,\"a, b\"\ny,c",
    ])
    func tablesOfOtherProgramsAreRead(text: String) throws {
        let set = try set(text, "a.csv")
        #expect(set.texts.map(\.text) == ["a, b", "c"])
        #expect(set.texts.map(\.label) == ["x", "y"])
    }

    @Test func filesOfOtherFormatsAreNamed() throws {
        for (bytes, name) in [
            ([0x1F, 0x8B, 8, 0], "a gzip file"), ([0xFF, 0xFE, 0x61, 0], "text in UTF-16"),
            (Array("PK\u{3}\u{4}".utf8), "a zip archive"),
            (Array("PAR1\u{15}".utf8), "a Parquet file"),
        ] {
            for file in ["a.csv", "a.tsv", "a.jsonl"] {
                try folder.write(bytes, to: file)
                let line = failureLine {
                    _ = try LabelledTextFile.read(folder(file))
                }
                #expect(line.contains("got \(name) (") && line.contains("; "), "\(line)")
            }
        }
        try folder.write(Array("ham\ta\nspam\tcaf".utf8) + [0xE9], to: "a.tsv")
        let line = failureLine { _ = try LabelledTextFile.read(folder("a.tsv")) }
        #expect(line.contains("got byte 0xe9, as in Latin-1 or Windows-1252"), "\(line)")
        #expect(line.contains("a.tsv, line 2); convert it by iconv -f WINDOWS-1252 -t UTF-8"))
    }
}
