import DistributedRuns
import Foundation
import JSON
import Testing

extension Jobs {
    /// Reward models by the built program.
    @Suite struct RewardTests {
        private static let keys =
            "finetune.task=reward finetune.data=pairs.jsonl finetune.optimizer.warmup_steps=1 "

        private static func words(_ adapters: Bool) -> String {
            keys + (adapters ? "" : "finetune.trained=all ")
        }

        @Test(arguments: [true, false])
        func theBitsAreThoseOfAnyNumberOfRanksAndOfAResume(_ adapters: Bool) async throws {
            let workspace = try await PreferenceTests.workspace()
            let keys = Self.words(adapters)
            func weights(_ run: RunFiles) throws -> Data {
                try adapters ? run.adapter(6) : run.weights(6)
            }
            let alone = try await workspace.finetune("alone", keys)
            for ranks in 2...4 where adapters || ranks == 3 {
                let run = try await workspace.finetune("run-\(ranks)", keys, ranks: ranks)
                #expect(try weights(run) == weights(alone), "\(ranks) ranks")
                #expect(try run.steps() == alone.steps(), "\(ranks) ranks")
                #expect(
                    try run.metrics("validation").last == alone.metrics("validation").last)
            }
            try await workspace.finetune(
                "part", keys + "finetune.train.stop_after_steps=3", ranks: 2)
            let part = try await workspace.finetune("part", keys + "--resume", ranks: 3)
            #expect(try weights(part) == weights(alone), "resumed")
            #expect(try part.steps() == alone.steps(), "resumed")
        }

        @Test func aRewardModelTellsPairsApartAndScoresFiles() async throws {
            let workspace = try await PreferenceTests.workspace()
            let run = try await workspace.succeed(
                "finetune --config tune.yaml output=run \(Self.words(false)) "
                    + "finetune.reward.centering=0.01 finetune.train.steps=30")
            let report = try #require(run.output.split(separator: "\n").last)
            let json = try JSONValue(parsing: Array(report.utf8), at: "report")
            #expect(try #require(json["accuracy"]?.double) > 0.9)
            #expect(json["longer_wins"]?.double != nil)
            let last = try #require(
                try RunFiles(path: workspace("run/finetune")).metrics("train").last)
            for name in ["accuracy", "margin", "min_reward", "mean_reward", "max_reward"] {
                #expect(last[name]?.double?.isFinite == true, "\(name)")
            }
            #expect(
                try #require(last["min_reward"]?.double) < #require(last["max_reward"]?.double))

            try workspace.write(
                #"{"prompt": "king", "completion": "love"}"# + "\n"
                    + #"{"prompt": "king", "completion": "no be"}"#, to: "answers.jsonl")
            let directory = "run/finetune/checkpoints/latest"
            let score = "reward score --model \(directory) --input answers.jsonl"
            let alone = try await workspace.succeed(score)
            let rewards = try alone.output.split(separator: "\n").map {
                try JSONValue(parsing: Array($0.utf8), at: "score")["reward"]?.double ?? .nan
            }
            #expect(rewards.count == 2 && rewards[0] > rewards[1])
            #expect(alone.output.contains("answers.jsonl, line 2"))
            let two = try await workspace.succeed(score, ranks: 2)
            #expect(two.output == alone.output)
            let config = try String(
                contentsOf: URL(filePath: workspace("\(directory)/config.json")), encoding: .utf8)
            #expect(config.contains("ForSequenceClassification"))

            let none = try await workspace.run(
                "reward score --model base/checkpoints/latest --input answers.jsonl")
            #expect(none.exitCode == 64)
            #expect(
                none.errors.contains(
                    "this is no reward model: expected a head of one value, got a language model"))
        }

        @Test func aMarginIsReadFromItsField() async throws {
            let workspace = try await PreferenceTests.workspace()
            let pairs = (0..<20).map { index in
                #"{"prompt": "king", "chosen": "love", "rejected": "not \#(index % 2 == 0 ? "so" : "go")", "#
                    + #""score": \#(index % 3)}"#
            }
            try workspace.write(pairs.joined(separator: "\n"), to: "margins.jsonl")
            let keys = Self.words(true) + "finetune.data=margins.jsonl finetune.train.steps=1 "
            let without = try await workspace.finetune("without", keys)
            let with = try await workspace.finetune(
                "with", keys + "finetune.reward.margin_field=score")
            #expect(
                try #require(with.losses().first) > #require(without.losses().first),
                "scores near 0 miss a margin")
            let wrong = try await workspace.run(
                "finetune --config tune.yaml output=wrong \(keys) finetune.reward.margin_field=s")
            #expect(
                wrong.errors.contains(
                    "a record cannot be read: expected a number as s, got only prompt"),
                "\(wrong.errors)")
        }
    }
}
