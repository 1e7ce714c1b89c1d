import Datasets
import Foundation
import TemporaryFolders
import Testing
import Tokenizers

@Suite struct LabelledTextTests {
    let folder: Scratch

    init() throws { folder = try Scratch() }

    private func read(
        _ text: String, _ name: String, columns: LabelledTextColumns = LabelledTextColumns(),
        needsLabels: Bool = true
    ) throws -> [LabelledText] {
        try folder.write(text, to: name)
        return try LabelledTextFile.read(
            folder(name), columns: columns, needsLabels: needsLabels)
    }

    private func columns(
        text: String = "text", label: String = "label", hasHeader: Bool? = nil
    ) -> LabelledTextColumns {
        var columns = LabelledTextColumns()
        (columns.text, columns.label, columns.hasHeader) = (text, label, hasHeader)
        return columns
    }

    /// Each holds the texts "a, b" of class x and "c" of class y.
    @Test func everyFormatGivesTheSameTexts() throws {
        let files = [
            try read("x\ta, b\ny\tc\n", "a.tsv"),
            try read("label\ttext\nx\ta, b\ny\tc\n", "b.tsv"),
            try read("a, b\tx\nc\ty\n", "c.tsv", columns: columns(text: "1", label: "2")),
            try read("x,\"a, b\"\r\ny,c\r\n", "a.csv"),
            try read("id,text,label\n1,\"a, b\",x\n2,c,y\n", "b.csv"),
            try read(
                "id,review,mood\n1,\"a, b\",x\n2,c,y\n", "c.csv",
                columns: columns(text: "review", label: "mood")),
            try read(
                "1,\"a, b\",x\n2,c,y\n", "d.csv", columns: columns(text: "2", label: "3")),
            try read(
                "text,label\n\"a, b\",x\nc,y\n", "e.csv",
                columns: columns(text: "1", label: "2", hasHeader: true)),
            try read(
                #"{"text": "a, b", "label": "x", "id": 1}"# + "\n\n"
                    + #"{"label": "y", "text": "c"}"#, "a.jsonl"),
        ]
        for texts in files {
            #expect(texts.map(\.text) == ["a, b", "c"])
            #expect(texts.map(\.label) == ["x", "y"])
        }
        #expect(files[0][1].place == folder("a.tsv") + ", line 2")
        #expect(files[8][1].place == folder("a.jsonl") + ", line 3")
    }

    /// The label 1 of the first row is not the name of column 1.
    @Test func numbersOfColumnsAreNoNames() throws {
        let texts = try read("a\t1\nb\t0\n", "a.tsv", columns: columns(text: "1", label: "2"))
        #expect(texts.map(\.label) == ["1", "0"])
    }

    @Test func numbersAndBooleansAreLabelsToo() throws {
        let texts = try read(
            #"{"text": "a", "label": 1}"# + "\n" + #"{"text": "b", "label": true}"#, "a.jsonl")
        #expect(texts.map(\.label) == ["1", "true"])
    }

    @Test func textsNeedNoLabelsWhereNoneAreAskedFor() throws {
        for (text, name) in [
            ("a\nb\n", "a.txt"), ("a\nb", "a.csv"), ("text,n\na,1\nb,2", "b.csv"),
            (#"{"text": "a"}"# + "\n" + #"{"text": "b"}"#, "a.jsonl"),
        ] {
            let texts = try read(text, name, needsLabels: false)
            #expect(texts.map(\.text) == ["a", "b"], "\(name)")
            #expect(texts.allSatisfy { $0.label == nil })
        }
    }

    @Test(arguments: [
        ("x\ta\ny\n", "a.tsv", "expected 2 fields, got 1", 2),
        ("x\ta\n\n\ny\t \n", "a.tsv", "the text is empty", 4),
        ("x,a\r\n\r\ny,\"b\r\nc\" d\r\n", "a.csv", "text behind a closing quote", 4),
        ("x,a\r\n\"y\r\n,b\r\n", "a.csv", "a quoted field has no end", 2),
        ("x\ta\ry\r", "a.tsv", "expected 2 fields, got 1", 2),
        ("x\ta\ny\t \n", "a.tsv", "the text is empty", 2),
        ("x,a,b\ny,c,d\n", "a.csv", "expected a number from 1 to 3, got text", 1),
        ("text,n\na,1\n", "a.csv", "expected label in the first row, got text, n", 1),
        ("label,text\nx,\"a\n", "a.csv", "a quoted field has no end", 2),
        (#"{"text": "a", "label": "x"}"# + "\n" + #"{"text": "a"}"#, "a.jsonl", "label", 2),
        (#"{"text": 5, "label": "x"}"#, "a.jsonl", "expected a string, got 5", 1),
        (#"{"text": "a", "label": 0.5}"#, "a.jsonl", "got 0.5", 1),
        (#"{"text": "a", "#, "a.jsonl", "the JSON is not valid", 1),
    ])
    func unsuitableRecordsAreNamedWithTheirLine(
        text: String, name: String, fault: String, line: Int
    ) {
        let message = failureLine { _ = try read(text, name) }
        #expect(message.contains(fault), "\(message)")
        #expect(message.contains("\(name), line \(line)"), "\(message)")
    }

    @Test func plainTextAndEmptyFilesAreRefusedAsLabelledTexts() {
        #expect(
            failureLine { _ = try read("a\n", "a.txt") }.contains("*.csv, *.tsv, *.json or *.jsonl")
        )
        #expect(failureLine { _ = try read("text,label\n", "a.csv") }.contains("no text"))
    }

    // MARK: Labels

    private func text(_ label: String?, _ text: String = "a") throws -> LabelledText {
        try LabelledText(text: text, label: label, place: "f, line 3")
    }

    @Test func labelsAreSortedAndNumbersByTheirSize() throws {
        #expect(
            try ClassLabels(of: ["spam", "ham", "spam"].map { try text($0) }).names
                == ["ham", "spam"])
        #expect(
            try ClassLabels(of: ["10", "9", "-1"].map { try text($0) }).names
                == ["-1", "9", "10"])
        #expect(
            try ClassLabels(of: ["10", "9", "b"].map { try text($0) }).names
                == ["10", "9", "b"])
        #expect(failureLine { _ = try ClassLabels(of: [try text("a")]) }.contains("at least two"))
        #expect(failureLine { _ = try ClassLabels(["a", "b", "a"]) }.contains("that differ"))
    }

    @Test func unknownLabelIsNamedWithItsPlace() throws {
        let labels = try ClassLabels(["ham", "spam"])
        #expect(try labels.index(of: text("spam")) == 1)
        #expect(
            failureLine { _ = try labels.index(of: text("eggs")) }
                == "the label is not known: expected one of ham, spam, got eggs (f, line 3)")
        #expect(failureLine { _ = try labels.index(of: text(nil)) }.contains("got none"))
    }

    /// sklearn.utils.class_weight.compute_class_weight("balanced", ...) of 4, 1 and 5 examples.
    @Test func balancedWeightsAreThoseOfScikitLearn() throws {
        let expected: [Float] = [10 / 12, 10 / 3, 10 / 15]
        #expect(ClassLabels.balancedWeights(counts: [4, 1, 5]) == expected)
        let labels = try ClassLabels(["a", "b", "c"])
        #expect(labels.counts(of: [2, 0, 2]) == [1, 0, 2])
    }

    // MARK: Examples

    @Test func targetOfTheLastTokenIsTheClass() throws {
        let tokenizer = try CharacterTokenizer(text: "abcd")
        let labels = try ClassLabels(["ham", "spam"])
        let texts = [try text("spam", "ab"), try text("ham", "d"), try text("spam", "abcdab")]
        let set = try ClassifiedExamples(
            texts, labels: labels, tokenizer: tokenizer, sequenceLength: 3)
        #expect(
            set.examples == [
                TokenExample(inputs: [0, 1], targets: [-1, 1]),
                TokenExample(inputs: [3], targets: [0]),
                TokenExample(inputs: [0, 1, 2], targets: [-1, -1, 1]),
            ])
        #expect(set.cutCount == 1)
        #expect(
            set.warning(sequenceLength: 3)
                == "1 of 3 texts are longer than 3 tokens and lost their end")
        let unlabelled = try ClassifiedExamples(
            texts, labels: nil, tokenizer: tokenizer, sequenceLength: 6)
        #expect(unlabelled.examples.allSatisfy { $0.targets.allSatisfy { $0 == -1 } })
        #expect(unlabelled.warning(sequenceLength: 6) == nil)
        let line = failureLine {
            _ = try ClassifiedExamples(
                [try text("ham", "x")], labels: labels, tokenizer: tokenizer, sequenceLength: 3)
        }
        #expect(line.contains("f, line 3"))
    }
}
