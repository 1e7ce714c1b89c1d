import DistributedRuns
import Foundation
import JSON
import Testing

extension Jobs {
    /// Comparisons of models, and the loop from ratings to a better one, by the built program.
    @Suite struct ComparisonRunTests {
        private static let base = "base/checkpoints/latest"
        /// Scores of the same texts among other ones: the error of floats.
        private static let tolerance = 1e-4

        private static func workspace() async throws -> Workspace {
            let workspace = try await PreferenceTests.workspace()
            let prompts = ["king", "not", "love", "night", "sweet", "my", "lord", "queen"]
            try workspace.write(
                prompts.map { #"{"prompt": "\#($0)"}"# }.joined(separator: "\n")
                    .replacing("queen", with: "thou"), to: "prompts.jsonl")
            for (name, body) in [
                ("tie", #"echo '{"preference": "tie"}'"#), ("first", #"echo '{"preference": 1}'"#),
                ("null", #"echo '{"preference": null}'"#), ("talk", "echo The first one"),
                (
                    "shorter",
                    #"""
                    a=$(echo "$line" | sed 's/.*"a": *"\([^"]*\)".*/\1/')
                    b=$(echo "$line" | sed 's/.*"b": *"\([^"]*\)".*/\1/')
                    if [ ${#a} -lt ${#b} ]; then echo '{"preference": "a"}'
                    elif [ ${#a} -gt ${#b} ]; then echo '{"preference": "b"}'
                    else echo '{"preference": "tie"}'; fi
                    """#
                ),
            ] {
                try workspace.write("while read -r line; do\n\(body)\ndone\n", to: "\(name).sh")
            }
            return workspace
        }

        /// Makes `./judge` the script of a name.
        private func appoint(_ name: String, in workspace: Workspace) throws {
            try workspace.write("#!/bin/sh\nexec sh \(workspace(name)).sh\n", to: "judge")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: workspace("judge"))
        }

        private static func last(_ run: DistributedRun) throws -> JSONValue {
            let line = try #require(run.output.split(separator: "\n").last)
            return try JSONValue(parsing: Array(line.utf8), at: "the last line")
        }

        private static let answering =
            "--prompts prompts.jsonl --maximum-tokens 7 --temperature 1 "

        @Test func figuresAreTheSameOnAnyNumberOfRanks() async throws {
            let workspace = try await Self.workspace()
            try await workspace.finetune(
                "reward", "finetune.task=reward finetune.data=pairs.jsonl finetune.trained=all")
            try await workspace.finetune("tuned", "finetune.train.steps=12")
            let command =
                "evaluate --pairwise tuned \(Self.base) --judge reward \(Self.answering) "
            let alone = try await workspace.succeed(command + "--answers pairs.jsonl")
            let figures = try Self.last(alone)
            #expect(figures["comparisons"]?.integer == 8)
            #expect(figures["judge"]?.string == "reward model")
            // An estimate from eight short answers may be below 0.
            let divergence = try #require(figures["kl"]?.double)
            #expect(divergence.isFinite && divergence != 0)
            let score = try #require(figures["mean_score"]?.double)
            #expect(score.isFinite)
            // Nobody is asked about equal answers; they have their scores.
            let equal = try Self.last(
                try await workspace.succeed(
                    "evaluate --pairwise tuned tuned --judge reward \(Self.answering)"))
            #expect(equal["draws"]?.integer == 8)
            for name in ["mean_score", "mean_score_against"] {
                let own = try #require(equal[name]?.double, "\(name)")
                #expect(abs(own - score) < Self.tolerance, "\(name)")
            }
            #expect(try #require(figures["length_controlled_win_rate"]?.double).isFinite)
            for ranks in 2...3 {
                let run = try await workspace.succeed(command, ranks: ranks)
                #expect(run.output == alone.output, "\(ranks) ranks")
            }
            let rated = try await workspace.succeed("ratings pairs.jsonl --page board.html")
            let row = try #require(try Self.last(rated)["models"]?.array?.first)
            #expect(row["elo"]?["rating"]?.double != nil)
            let page = String(decoding: try workspace.bytes("board.html"), as: UTF8.self)
            #expect(page.contains("Bradley-Terry") && page.contains("checkpoints") == false)
            #expect(!page.contains("<script"))
        }

        @Test func aModelAgainstItselfIsADrawWithoutDivergence() async throws {
            let workspace = try await Self.workspace()
            let command =
                "evaluate --pairwise \(Self.base) \(Self.base) --judge-command false "
                + "--template template.json "
            // Equal answers are not asked about.
            let drawn = try Self.last(try await workspace.succeed(command + Self.answering))
            #expect(drawn["win_rate"]?.double == 50 && drawn["draws"]?.integer == 8)
            #expect(drawn["kl"]?.double == 0)
            let greedy = try Self.last(
                try await workspace.succeed(
                    command + "--prompts prompts.jsonl --maximum-tokens 7 --temperature 0"))
            #expect(greedy["kl"] == .null && greedy["draws"]?.integer == 8)
        }

        @Test func commandsJudgeInBothOrders() async throws {
            let workspace = try await Self.workspace()
            try await workspace.finetune("tuned", "finetune.train.steps=12")
            let command = "evaluate --pairwise tuned \(Self.base) \(Self.answering) "
            func judged(_ name: String, ranks: Int? = nil) async throws -> DistributedRun {
                try appoint(name, in: workspace)
                return try await workspace.run(
                    command + "--judge-command ./judge", ranks: ranks)
            }
            let first = try Self.last(try await judged("first"))
            #expect(first["win_rate"]?.double == 50)
            #expect(try #require(first["position_bias"]?.double) > 0.3)
            let talk = try await judged("talk", ranks: 2)
            #expect(talk.exitCode == 1)
            #expect(
                talk.errors.contains("the judge gave no preference for a pair, 3 times: expected"))
            #expect(talk.errors.contains("got the line The first one"), "\(talk.errors)")
            let null = try await judged("null")
            #expect(
                null.errors.contains("the judge ignores the format: it judges none of "),
                "\(null.errors)")
        }

        @Test func wrongInputsAreRefused() async throws {
            let workspace = try await Self.workspace()
            try workspace.write("", to: "empty.jsonl")
            let pair = "evaluate --pairwise \(Self.base) \(Self.base) --template template.json "
            let tuning = "run tune.yaml phases=[finetune,evaluate] evaluate.pairwise.prompts="
            let judged = "evaluate.pairwise.judge=base"
            let missing = "expected config.json, got no such file (none)"
            for (command, message) in [
                (pair + "--prompts empty.jsonl --judge \(Self.base)", "there is no prompt"),
                (
                    pair + "--prompts none.jsonl --judge \(Self.base)",
                    "No such file or directory (none.jsonl)"
                ),
                (
                    pair + "--prompts prompts.jsonl --judge-command true",
                    "the prompt leaves no room for an answer"
                ),
                (
                    "evaluate --pairwise x y --ratings ratings.jsonl",
                    "the ratings compare no answers of these two models: expected x and y, got "
                        + "answers of m, n"
                ),
                (
                    "run tune.yaml phases=[finetune,evaluate] evaluate.pairwise.prompts=p",
                    "evaluate.pairwise.judge or a command judges"
                ),
                (
                    "run tune.yaml phases=[finetune,evaluate] evaluate.pairwise.prompts=p "
                        + "evaluate.pairwise.judge=j finetune.checkpoint.keep_best=true",
                    "finetune.checkpoint.keep_best and a comparison"
                ),
                (
                    "run tune.yaml phases=[evaluate] evaluate.pairwise.prompts=p "
                        + "evaluate.pairwise.judge=j",
                    "evaluate.pairwise.prompts compares what was fine-tuned"
                ),
                (tuning + "empty.jsonl \(judged)", "there is no prompt"),
                (tuning + "prompts.jsonl evaluate.pairwise.judge=none", missing),
                (tuning + "prompts.jsonl evaluate.pairwise.against=none \(judged)", missing),
            ] {
                try workspace.write(
                    #"{"messages": [{}], "a": {"model": "m", "text": "1"}, "#
                        + #""b": {"model": "n", "text": "2"}, "rating": "a"}"#, to: "ratings.jsonl")
                let run = try await workspace.run(command)
                #expect(run.exitCode != 0, "\(command)")
                #expect(run.errors.contains(message), "\(command): \(run.errors)")
                #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
                // Nothing is trained before.
                #expect(!workspace.exists("runs"), "\(command)")
            }
        }

        @Test func whatWinsBecomesTheBestAndStaysItUntilAnotherWins() async throws {
            let workspace = try await Self.workspace()
            func run(
                _ judge: String, _ words: String = "", ranks: Int? = nil, output: String = "run"
            ) async throws -> DistributedRun {
                try appoint(judge, in: workspace)
                return try await workspace.succeed(
                    "run tune.yaml output=\(output) phases=[finetune,evaluate] finetune.trained=all "
                        + "finetune.train.steps=60 finetune.checkpoint.every_steps=60 "
                        + "evaluate.pairwise.prompts=prompts.jsonl "
                        + "evaluate.pairwise.maximum_new_tokens=7 "
                        + "evaluate.pairwise.command=./judge \(words)", ranks: ranks)
            }
            let won = try await run("shorter", ranks: 2)
            #expect(won.output.contains("best is step-00000060 now"), "\(won.output)")
            #expect(workspace.exists("run/finetune/checkpoints/best/manifest.json"))
            let figures = try Self.last(won)
            #expect(try #require(figures["win_rate"]?.double) > 50)
            #expect(try Self.last(try await run("shorter", output: "other")) == figures)

            // Other examples begin again, beside the best of before.
            let chats = try String(decoding: workspace.bytes("chats.jsonl"), as: UTF8.self)
            try workspace.write(chats.replacing("night", with: "king"), to: "chats.jsonl")
            let again = try await run("tie", "--resume")
            #expect(
                again.output.contains(
                    "it does not win by more than a standard error: best stays "
                        + "../checkpoints-1/step-00000060"), "\(again.output)")
            #expect(workspace.exists("run/finetune/checkpoints/best/manifest.json"))
            #expect(workspace.exists("run/finetune/checkpoints/latest/manifest.json"))
        }
    }
}
