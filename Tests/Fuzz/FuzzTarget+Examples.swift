import Datasets
import Diagnostics

/// Files of examples.
extension FuzzTarget {
    static let questions = FuzzTarget(
        name: "questions", file: "questions.jsonl",
        prepare: { folder in
            let lines = [
                #"{"query": "Question: Why?", "choices": ["a", "b\u00e9"], "gold": 1}"#,
                #"{"ctx": "He", "ctx_a": "He", "ctx_b": "", "activity_label": "Fun [x]", "#
                    + #""endings": ["goes [step].", "stays"], "label": "0"}"#,
            ]
            try write(Array(lines.joined(separator: "\n").utf8), folder, "questions.jsonl")
            return [Array("Why?,a,b,c,d,A\n\"Is, \"\"it\"\"?\",1,2,3,4,D\n".utf8)]
        },
        read: { folder in
            for task in try ChoiceTask.read(folder + "/questions.jsonl") {
                for (index, question) in task.questions.enumerated() {
                    precondition(question.choices.indices.contains(question.answer))
                    _ = task.prefix(ofQuestion: index, shots: 1)
                }
            }
        })

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
