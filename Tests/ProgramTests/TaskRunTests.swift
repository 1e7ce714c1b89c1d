import JSON
import Testing

extension Jobs {
    /// `evaluate --tasks` and `--memorization`, alone and during a training, on any number of ranks.
    @Suite struct TaskRunTests {
        /// Three ranks share seven questions, of which some are longer than the context.
        @Test func questionsHaveTheSameAnswersOnAnyNumberOfRanks() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.steps=5")
            let lines = (0..<7).map { index in
                let prompt = String(repeating: "the king ", count: index) + "shall"
                return #"{"query": "\#(prompt)", "choices": ["be", "not", "love"], "gold": 1}"#
            }
            try workspace.write(lines.joined(separator: "\n"), to: "kings.jsonl")
            let command = "evaluate --model run/checkpoints/latest --tasks kings.jsonl --shots 1 "
            let alone = try await workspace.succeed(command + "--answers alone.jsonl")
            #expect(alone.errors.contains("7 of 7 prompts are longer than the model's context"))
            for ranks in [1, 2, 3] {
                let run = try await workspace.succeed(
                    command + "--answers \(ranks).jsonl", ranks: ranks)
                #expect(run.output == alone.output, "\(ranks) ranks")
                #expect(
                    try workspace.bytes("\(ranks).jsonl") == workspace.bytes("alone.jsonl"))
            }
            let last = try #require(alone.output.split(separator: "\n").last)
            let scores = try JSONValue(parsing: Array(last.utf8), at: "evaluate")["tasks"]?.array
            let row = try #require(scores?.first)
            #expect(row["questions"]?.integer == 7 && row["task"]?.string == "kings")
            let share = try #require(row["acc"]?.double)
            let error = (share * (1 - share) / 6).squareRoot()
            #expect(abs(try #require(row["acc_stderr"]?.double) - error) < 1e-12)
        }

        /// What a training measures is what `evaluate` measures of its checkpoints.
        @Test func trainingEvaluatesItsTasks() async throws {
            let workspace = try await Workspace.prepared()
            try workspace.write(
                #"{"q": "the", "c": ["king", "cat"], "a": 0}"# + "\n"
                    + #"{"q": "and", "c": ["so", "the"], "a": 1}"#, to: "mine.jsonl")
            try workspace.write(
                """
                task: mine
                dataset_path: json
                dataset_kwargs: {data_files: {test: mine.jsonl}}
                test_split: test
                output_type: multiple_choice
                doc_to_text: q
                doc_to_choice: "{{c}}"
                doc_to_target: a
                metric_list: [{metric: acc}, {metric: acc_norm}]
                """, to: "mine.yaml")
            let keys = "train.steps=4 evaluate.tasks=mine.yaml evaluate.tasks_every_steps=2"
            let run = try await workspace.pretrain("run", keys, ranks: 2)
            let lines = try run.metrics("tasks")
            #expect(lines.map { $0["step"]?.integer } == [2, 4])
            let evaluated = try await workspace.succeed(
                "evaluate --model run/checkpoints/latest --tasks mine.yaml --json")
            let report = try JSONValue(parsing: Array(evaluated.output.utf8), at: "evaluate")
            #expect(lines.last?["tasks"] == report["tasks"])
            let other = try await workspace.pretrain("other", "train.steps=4")
            #expect(try run.weights(4) == other.weights(4))
        }

        @Test func memorizedPiecesAreTheSameOnAnyNumberOfRanks() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.steps=20")
            let command =
                "evaluate --model run/checkpoints/latest --data shards --memorization "
                + "--prefix-tokens 4 --continuation-tokens 1 --limit 100 --json"
            let alone = try await workspace.succeed(command).output
            let report = try JSONValue(parsing: Array(alone.utf8), at: "evaluate")
            let share = try #require(report["memorized_share"]?.double)
            #expect(report["sequences"]?.integer == 100)
            #expect(share == report["mean_matched_tokens"]?.double)
            #expect(share > 0 && share < 1)
            for ranks in [2, 3] {
                #expect(try await workspace.succeed(command, ranks: ranks).output == alone)
            }
        }
    }
}
