import Datasets
import Diagnostics

/// Files of examples.
extension FuzzTarget {
    static let csvTexts = labelledTexts(
        "csv_texts", "a.csv",
        ["id,text,label\n1,\"a, \"\"b\"\"\",x\r\n2,\"c\nd\",y\n", "x,a\ny,b\n"])
    static let tsvTexts = labelledTexts("tsv_texts", "a.tsv", ["ham\tGo \"on\nspam\tWin é\n"])
    static let jsonTexts = labelledTexts(
        "json_texts", "a.jsonl",
        ["{\"text\": \"a\", \"label\": \"x\"}\n\n{\"text\": \"b\", \"label\": 1}\n"])

    private static func labelledTexts(
        _ name: String, _ file: String, _ contents: [String]
    ) -> FuzzTarget {
        FuzzTarget(
            name: name, file: file,
            prepare: { folder in
                let bytes = contents.map { Array($0.utf8) }
                try write(bytes[0], folder, file)
                return Array(bytes.dropFirst())
            },
            read: { folder in
                let texts = try LabelledTextFile.read(folder + "/" + file)
                let labels = try ClassLabels(of: texts)
                let classes = try texts.map { try labels.index(of: $0) }
                _ = try StratifiedSplit(
                    classes: classes, labels: labels, trainFraction: 0.7, validationFraction: 0.1,
                    isBalanced: true, seed: 1)
            })
    }
}
