import DistributedRuns
import Foundation
import JSON
import Testing

extension Jobs {
    /// Learning from the model's own answers by the built program.
    @Suite struct PolicyTests {
        /// Three prompts a step, which two and four ranks do not share evenly.
        private static let recipe = """
            name: tuned
            seed: 7
            phases: [finetune]
            model: {dropout_rate: 0.1}
            finetune:
              task: policy
              from: base/checkpoints/latest
              data: [prompts.jsonl]
              template: template.json
              validation_fraction: 0.1
              policy:
                group_size: 4
                maximum_new_tokens: 6
                rewards: [REWARDS]
              train: {global_batch_size: 12, micro_batch_size: 2, steps: 6, lanes: 6,
                threads_per_rank: 1}
              optimizer: {learning_rate: 1.0e-2, warmup_steps: 1}
              checkpoint: {every_steps: 2, keep_last: 0}
              evaluate: {every_steps: 2}
            lora: {rank: 2, alpha: 4, dropout: 0.1}

            """

        private static let usual =
            "{kind: length}, {kind: regex, path: pattern.txt, weight: 0.5}, "
            + "{kind: exact, field: answer}"

        static func workspace(_ rewards: String = usual) async throws -> Workspace {
            let workspace = try await Workspace.withBase()
            let words = ["king", "not", "love", "night", "sweet", "my", "lord"]
            let prompts = (0..<30).map { index in
                #"{"prompt": "\#(words[index % 7])", "answer": "\#(words[index * 3 % 5])"}"#
            }
            try workspace.write(prompts.joined(separator: "\n"), to: "prompts.jsonl")
            try workspace.write("[aeiou]\n", to: "pattern.txt")
            try workspace.write(
                recipe.replacing("REWARDS", with: rewards), to: "policy.yaml")
            return workspace
        }

        private static func tune(
            _ workspace: Workspace, _ output: String, _ keys: String = "", ranks: Int? = nil
        ) async throws -> RunFiles {
            try await workspace.succeed(
                "finetune --config policy.yaml output=\(output) \(keys)", ranks: ranks)
            return RunFiles(path: workspace("\(output)/finetune"))
        }

        private static func rollouts(_ run: RunFiles, _ steps: [Int]) throws -> [Data] {
            try steps.map {
                try Data(contentsOf: URL(filePath: "\(run.path)/rollouts/step-\($0).jsonl"))
            }
        }

        /// GRPO of adapters; of all weights, twice on the same answers and held to a second copy; RLOO held to
        /// the model without adapters; PPO of adapters and of all weights, with a value head.
        @Test(arguments: [
            "",
            "finetune.trained=all finetune.policy.updates=2 finetune.policy.kl=0.05 "
                + "finetune.policy.aggregation=grpo ",
            "finetune.policy.algorithm=rloo finetune.policy.kl=0.1 "
                + "finetune.policy.temperature=0.7 ",
            "finetune.policy.algorithm=ppo finetune.policy.kl=0.05 ",
            "finetune.policy.algorithm=ppo finetune.trained=all finetune.policy.updates=2 "
                + "finetune.policy.group_size=1 ",
        ])
        func theBitsAreThoseOfAnyNumberOfRanksAndOfAResume(_ own: String) async throws {
            let workspace = try await Self.workspace()
            let alone = try await Self.tune(workspace, "alone", own)
            #expect(try alone.steps().count == 6)
            for ranks in [2, 3, 4] where ranks == 2 || own.isEmpty {
                let run = try await Self.tune(workspace, "run-\(ranks)", own, ranks: ranks)
                try expectEqual(run, alone, "\(ranks) ranks", own)
            }
            _ = try await Self.tune(
                workspace, "part", own + "finetune.train.stop_after_steps=3", ranks: 2)
            let part = try await Self.tune(workspace, "part", own + "--resume", ranks: 3)
            try expectEqual(part, alone, "resumed", own)
            let replayed = try await workspace.succeed("replay --run part/finetune --step 4")
            #expect(replayed.output.contains("the same, bit for bit"), "\(replayed.output)")
        }

        private func expectEqual(
            _ run: RunFiles, _ reference: RunFiles, _ comment: Comment, _ own: String,
            sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            let isTwice = own.contains("updates=2")
            let files = try Self.rollouts(run, isTwice ? [1, 3, 5] : Array(1...6))
            let others = try Self.rollouts(reference, isTwice ? [1, 3, 5] : Array(1...6))
            #expect(files == others, comment, sourceLocation: sourceLocation)
            #expect(
                try own.contains("trained=all")
                    ? run.weights(6) == reference.weights(6)
                    : run.adapter(6) == reference.adapter(6), comment,
                sourceLocation: sourceLocation)
            if own.contains("ppo") {
                let name = "checkpoints/step-00000006/value_head.safetensors"
                let heads = try [run, reference].map {
                    try Data(contentsOf: URL(filePath: "\($0.path)/\(name)"))
                }
                #expect(heads[0] == heads[1], comment, sourceLocation: sourceLocation)
            }
            #expect(
                try run.steps() == reference.steps(), comment, sourceLocation: sourceLocation)
            #expect(
                try run.metrics("validation").last == reference.metrics("validation").last,
                comment, sourceLocation: sourceLocation)
            // What is drawn is found again by the first update, bit for bit.
            for (index, step) in try run.metrics("train").enumerated()
            where !isTwice || index.isMultiple(of: 2) {
                #expect(
                    step["logps/unequal"]?.double == 0, comment, sourceLocation: sourceLocation)
            }
        }

        @Test func aRunTellsOfItsAnswersAndTheyAreLearntFromAgain() async throws {
            let workspace = try await Self.workspace()
            let run = try await Self.tune(workspace, "run")
            let first = try #require(try run.metrics("train").first)
            for name in [
                "reward", "reward_std", "frac_reward_zero_std", "rewards/length/mean",
                "rewards/regex/std", "rewards/exact/mean", "completions/mean_length",
                "completions/max_terminated_length", "completions/clipped_ratio", "entropy",
                "clip_ratio/low_mean", "clip_ratio/high_max", "num_tokens",
            ] {
                #expect(first[name]?.double?.isFinite == true, "\(name)")
            }
            #expect(first["clip_ratio/region_mean"]?.double == 0)
            let held = try #require(try run.metrics("validation").last)
            for name in ["accuracy", "pass@4", "reward", "completions/mean_length"] {
                #expect(held[name]?.double?.isFinite == true, "\(name)")
            }
            #expect(
                try run.metrics("event").contains {
                    $0["message"]?.string?.contains("bit for bit") == true
                })

            let lines = try Self.rollouts(run, [1])[0].split(separator: UInt8(ascii: "\n"))
                .map { try JSONValue(parsing: Array($0), at: "rollouts") }
            #expect(lines.count == 12)
            for line in lines {
                #expect(line["logps"]?.array?.count == line["completion_ids"]?.array?.count)
                let rewards = try #require(line["rewards"]?.object)
                let parts = ["length", "regex", "exact"].compactMap { rewards[$0]?.double }
                #expect(line["reward"]?.double == parts[0] + 0.5 * parts[1] + parts[2])
            }
            let advantages = lines.compactMap { $0["advantage"]?.double }
            #expect(advantages.contains { $0 > 0 } && advantages.contains { $0 < 0 })

            // The answers of the first step give its weights again.
            let again = try await Self.tune(
                workspace, "again",
                "finetune.policy.rollouts=run/finetune/rollouts/step-1.jsonl "
                    + "finetune.train.stop_after_steps=2", ranks: 2)
            let (steps, others) = (try run.steps(), try again.steps())
            #expect(steps[0] == others[0] && steps[1] != others[1])
        }

        /// What a value head is told of, where it lies, and that others do without it.
        @Test func valuesAreLearntBesideTheModel() async throws {
            let workspace = try await Self.workspace()
            let run = try await Self.tune(
                workspace, "run",
                "finetune.policy.algorithm=ppo finetune.policy.updates=3 "
                    + "finetune.policy.value_weight=1 finetune.policy.value_clip=1e-6 ")
            let steps = try run.metrics("train")
            for name in ["loss/policy_avg", "loss/value_avg", "policy/approxkl_avg"] {
                #expect(steps.allSatisfy { $0[name]?.double?.isFinite == true }, "\(name)")
            }
            #expect(steps[0]["policy/approxkl_avg"]?.double == 0)
            #expect(steps[0]["val/clipfrac_avg"]?.double == 0)
            #expect(try #require(steps[2]["val/clipfrac_avg"]?.double) > 0)
            let lines = try Self.rollouts(run, [4])[0].split(separator: UInt8(ascii: "\n"))
                .map { try JSONValue(parsing: Array($0), at: "rollouts") }
            for line in lines {
                let count = try #require(line["completion_ids"]?.array?.count)
                #expect(line["values"]?.array?.count == count)
                #expect(line["advantages"]?.array?.count == count)
            }
            let values = lines.flatMap { ($0["values"]?.array ?? []).compactMap(\.double) }
            #expect(values.contains { $0 != 0 })
            let generated = try await workspace.succeed(
                "generate --model run/finetune/checkpoints/latest --prompt king "
                    + "--maximum-tokens 4")
            #expect(!generated.output.isEmpty)

            // Another run begins with the head that it finds.
            let more = try await Self.tune(
                workspace, "more",
                "finetune.policy.algorithm=ppo finetune.from=run/finetune/checkpoints/latest "
                    + "finetune.train.steps=1 ")
            let first = try JSONValue(
                parsing: Array(
                    try #require(
                        try Self.rollouts(more, [1])[0].split(separator: UInt8(ascii: "\n")).first
                    )), at: "rollouts")
            #expect((first["values"]?.array ?? []).contains { $0.double != 0 })
        }

        @Test func rewardsThatAreEqualMoveNoWeight() async throws {
            let workspace = try await Self.workspace("{kind: regex, path: pattern.txt}")
            try workspace.write("[0-9]", to: "pattern.txt")
            let run = try await Self.tune(workspace, "run", "finetune.train.steps=4")
            #expect(try run.adapter(2) == run.adapter(4))
            for step in try run.metrics("train") {
                #expect(step["frac_reward_zero_std"]?.double == 1)
                #expect(step["learning_rate"]?.double == 0)
            }
            #expect(
                try run.metrics("event").contains {
                    $0["message"]?.string?.contains("nothing is learnt") == true
                })
        }

        @Test func aRunStopsWhereItsAnswersGrow() async throws {
            let workspace = try await Self.workspace()
            let run = try await Self.tune(workspace, "run", "finetune.policy.stop.length=0.5")
            #expect(try run.steps().count == 1)
            #expect(
                try run.metrics("event").contains {
                    $0["message"]?.string?.contains("the run stops: completions/mean_length")
                        == true
                })
            let far = try await Self.tune(
                workspace, "far",
                "finetune.policy.stop.kl=1e-6 finetune.optimizer.learning_rate=0.1")
            #expect((2..<6).contains(try far.steps().count))
        }

        /// A command is asked once for each answer that is learnt from, whatever happens to the run.
        @Test func aCommandIsNotAskedAgainByAResume() async throws {
            let workspace = try await Self.workspace(
                "{kind: command, path: 'awk -f score.awk', timeout_seconds: 60}")
            try workspace.write(
                #"{ print >> "asked.txt"; print "{\"reward\": " (length($0) % 5) "}" }"#,
                to: "score.awk")
            let keys = "finetune.validation_fraction=0 "
            _ = try await Self.tune(
                workspace, "run", keys + "finetune.train.stop_after_steps=4", ranks: 2)
            let run = workspace("run/finetune")
            try FileManager.default.removeItem(atPath: "\(run)/checkpoints/step-00000004")
            let resumed = try await Self.tune(workspace, "run", keys + "--resume", ranks: 3)
            let asked = try String(contentsOfFile: workspace("asked.txt"), encoding: .utf8)
                .split(separator: "\n")
            #expect(asked.count == 6 * 12)
            #expect(asked[0].contains(#""completion""#) && asked[0].contains(#""answer""#))
            #expect(try resumed.steps().count == 6)
        }

        @Test(arguments: [
            ("{kind: command, path: 'exit 3'}", "the command ended with code 3"),
            (
                "{kind: command, path: 'sleep 60', timeout_seconds: 0.2}",
                "none within 0.2 s"
            ),
            (
                #"{kind: command, path: 'sed "s/.*/{\"reward\": \"good\"}/"'}"#,
                #"the line {"reward": "good"}"#
            ),
            ("{kind: number, field: answer}", "a number as answer"),
            ("{kind: exact, field: solution}", "no such field"),
            ("{kind: model, path: base/checkpoints/latest}", "no reward model"),
        ])
        func rewardsThatAreNoneEndTheRun(_ rewards: String, _ message: String) async throws {
            let workspace = try await Self.workspace(rewards)
            let run = try await workspace.run("finetune --config policy.yaml output=run", ranks: 2)
            #expect(run.errors.contains(message), "\(run.errors)")
            #expect(!run.output.contains("step 1/6"))
        }

        @Test func aPromptWithoutRoomIsRefused() async throws {
            let workspace = try await Self.workspace()
            let run = try await workspace.run(
                "finetune --config policy.yaml output=run finetune.train.sequence_length=10")
            #expect(run.errors.contains("the prompt leaves no room"), "\(run.errors)")
            let groups = try await workspace.run(
                "finetune --config policy.yaml output=run finetune.policy.group_size=5")
            #expect(groups.errors.contains("holds no whole groups"), "\(groups.errors)")
        }
    }
}
