import Datasets
import Foundation
import TemporaryFolders
import Testing

@Suite struct ChoiceTaskTests {
    let folder: Scratch

    init() throws { folder = try Scratch() }

    private func read(_ text: String, name: String = "a.jsonl") throws -> ChoiceTask {
        try folder.write(text, to: name)
        return try #require(try ChoiceTask.read(folder(name)).first)
    }

    /// Prompts as EleutherAI's harness forms them.
    @Test(arguments: [
        (
            #"{"query": "Question: Why?", "choices": ["a b", "c"], "gold": 1}"#,
            "Question: Why?\nAnswer:", ["a b", "c"], 1
        ),
        (#"{"query": "Once", "choices": ["a", "b"], "gold": 0}"#, "Once", ["a", "b"], 0),
        (
            #"{"ctx": "x", "ctx_a": "A man. [header]", "ctx_b": "he SMILES", "label": "1", "#
                + #""activity_label": "Fun", "endings": [" and [step] goes.", "b [title] c"]}"#,
            "Fun: A man. He smiles", ["and goes.", "b. c"], 1
        ),
        (#"{"ctx": " He ", "endings": ["a", "b"], "label": 0}"#, "He", ["a", "b"], 0),
    ])
    func promptsAreThoseOfTheHarness(
        line: String, prompt: String, choices: [String], answer: Int
    ) throws {
        let question = try read("\n" + line + "\n").questions[0]
        #expect(question.prompt == prompt)
        #expect(question.choices == choices)
        #expect(question.answer == answer)
        #expect(question.place == folder("a.jsonl") + ", line 2")
    }

    @Test(arguments: [
        (#"{"query": "a", "choices": ["b", "c"]}"#, "got the fields query, choices"),
        (#"{"query": "a", "choices": ["b", "c"], "gold": 2}"#, "expected 0..<2, got 2"),
        (#"{"query": "a", "choices": ["b", "c"], "gold": -1}"#, "expected 0..<2, got -1"),
        (#"{"query": "a", "choices": ["b", 3], "gold": 0}"#, "expected an array of strings"),
        (#"{"query": "a", "choices": ["b"], "gold": 0}"#, "at least two choices"),
        (#"{"query": "a", "choices": ["b", ""], "gold": 0}"#, "none empty"),
        (#"{"query": "", "choices": ["b", "c"], "gold": 0}"#, "got no text"),
        (#"{"query": 5, "choices": ["b", "c"], "gold": 0}"#, "the field query is unsuitable"),
        (#"{"query": "a", "choices": ["b", "c"], "gold": 0.5}"#, "expected an integer"),
        (#"{"query": "a""#, "the JSON is not valid"),
        ("[]", "this is no multiple-choice question"),
    ])
    func unsuitableQuestionsAreNamedWithTheirLine(line: String, fault: String) {
        let good = #"{"query": "a", "choices": ["b", "c"], "gold": 0}"#
        let message = failureLine { _ = try read("\(good)\n\n\(line)\n") }
        #expect(message.contains(fault) && message.contains("a.jsonl, line 3"), "\(message)")
    }

    private func prepareMMLU() throws {
        for split in ["val", "dev"] {
            try FileManager.default.createDirectory(
                atPath: folder("mmlu/\(split)"), withIntermediateDirectories: true)
        }
        try folder.write(
            "\"Is, it?\",y,n,1,2,A\nWhat?,a,b,c,d,D\n", to: "mmlu/val/high_art_val.csv")
        try folder.write("E1?,a,b,c,d,B\nE2?,a,b,c,d,C\n", to: "mmlu/dev/high_art_dev.csv")
    }

    @Test func subjectsOfMMLUTakeTheirExamplesFromDev() throws {
        try prepareMMLU()
        let task = try #require(try ChoiceTask.read(folder("mmlu")).first)
        #expect(task.name == "high_art" && task.group == "mmlu")
        #expect(task.questions.map(\.answer) == [0, 3])
        #expect(task.questions[0].prompt == "Is, it?\nA. y\nB. n\nC. 1\nD. 2\nAnswer:")
        #expect(task.questions[0].choices == ["A", "B", "C", "D"])
        #expect(
            task.prefix(ofQuestion: 0, shots: 1) == """
                The following are multiple choice questions (with answers) about high art.

                E1?
                A. a
                B. b
                C. c
                D. d
                Answer: B


                """)
        #expect(try ChoiceTask.read(folder("mmlu/val")) == [task])
        let line = failureLine { try task.requireExamples(3) }
        #expect(
            line == "there are too few answered questions to show: expected at most 2, got 3 "
                + "(high_art); show fewer")
    }

    @Test func wrongRowsOfMMLUAreNamed() throws {
        try prepareMMLU()
        for (row, fault) in [("a,b,c,d,A", "got 5 fields"), ("q,a,b,c,d,E", "the answer E")] {
            try folder.write("What?,a,b,c,d,D\n\(row)", to: "mmlu/val/b_val.csv")
            let line = failureLine { _ = try ChoiceTask.read(folder("mmlu")) }
            #expect(line.contains(fault) && line.contains("b_val.csv, line 2"), "\(line)")
        }
    }

    @Test func examplesAreTheFirstOtherQuestions() throws {
        let lines = (0..<4).map { #"{"query": "q\#($0)", "choices": ["r", "w"], "gold": 0}"# }
        let task = try read(lines.joined(separator: "\n"))
        #expect(task.prefix(ofQuestion: 3, shots: 2) == "q0 r\n\nq1 r\n\n")
        #expect(task.prefix(ofQuestion: 1, shots: 2) == "q0 r\n\nq2 r\n\n")
        #expect(task.prefix(ofQuestion: 2, shots: 2) == "q0 r\n\nq1 r\n\n")
        #expect(task.prefix(ofQuestion: 0, shots: 0) == "")
        #expect(throws: Never.self) { try task.requireExamples(3) }
        #expect(failureLine { try task.requireExamples(4) }.contains("at most 3"))
    }

    @Test func emptyFilesAndFoldersAreNamed() throws {
        #expect(failureLine { _ = try read("\n") }.contains("the file holds no question"))
        let empty = try Scratch()
        #expect(failureLine { _ = try ChoiceTask.read(empty.path) }.contains("*.jsonl or *.csv"))
    }

    @Test(
        .enabled(
            if: ProcessInfo.processInfo.environment["SWIFT_LLM_DATA"] != nil,
            "SWIFT_LLM_DATA is not set"))
    func realFilesAreRead() throws {
        let data = try #require(ProcessInfo.processInfo.environment["SWIFT_LLM_DATA"])
        let tasks = try ChoiceTask.read(data + "/evaluation")
        #expect(tasks.map(\.questions.count) == [2376, 1000])
        let subjects = try ChoiceTask.read(data + "/evaluation/mmlu")
        #expect(subjects.count == 57)
        #expect(subjects.reduce(0) { $0 + $1.questions.count } == 1531)
        for subject in subjects { try subject.requireExamples(5) }
    }
}
