import DistributedRuns
import Foundation
import JSON
import Testing

extension Jobs {
    /// Preference tuning by the built program.
    @Suite struct PreferenceTests {
        private static let keys =
            "finetune.task=preference finetune.data=pairs.jsonl finetune.optimizer.warmup_steps=1 "

        /// Forty pairs, of answers of unlike lengths, in the letters of the corpus.
        static func workspace() async throws -> Workspace {
            let workspace = try await Workspace.withBase()
            let words = ["king", "not", "love", "night", "sweet", "my", "lord"]
            let pairs = (0..<40).map { index in
                let (asked, told) = (words[index % 7], words[index * 3 % 5])
                return
                    #"{"prompt": "\#(asked)", "chosen": "\#(told)", "rejected": "no \#(index % 3)"}"#
                    .replacing("0", with: "a").replacing("1", with: "be").replacing("2", with: "go")
            }
            try workspace.write(pairs.joined(separator: "\n"), to: "pairs.jsonl")
            let labels = (0..<40).map { index in
                #"{"prompt": "\#(words[index % 7])", "completion": "\#(words[index * 3 % 5])", "#
                    + #""label": \#(index % 3 == 0)}"#
            }
            try workspace.write(labels.joined(separator: "\n"), to: "labels.jsonl")
            return workspace
        }

        private static let labels = "finetune.data=labels.jsonl finetune.preference.losses.kto=1 "

        /// DPO of adapters; of all weights; ORPO, which counts tokens of the batch; KTO, which reads it twice.
        @Test(arguments: [
            "", "finetune.trained=all ", "finetune.preference.losses.orpo=1 finetune.trained=all ",
            labels,
        ])
        func theBitsAreThoseOfAnyNumberOfRanksAndOfAResume(_ own: String) async throws {
            let workspace = try await Self.workspace()
            let keys = Self.keys + own
            let alone = try await workspace.finetune("alone", keys)
            #expect(try alone.steps().count == 6)
            for ranks in [2, 3, 4] where ranks != 4 || own.isEmpty {
                let run = try await workspace.finetune(
                    "run-\(ranks)", keys + (ranks == 4 ? "finetune.train.lanes=6 " : ""),
                    ranks: ranks)
                try expectEqual(run, alone, "\(ranks) ranks", own)
            }
            try await workspace.finetune(
                "part", keys + "finetune.train.stop_after_steps=3", ranks: 2)
            let part = try await workspace.finetune("part", keys + "--resume", ranks: 3)
            try expectEqual(part, alone, "resumed", own)
        }

        private func expectEqual(
            _ run: RunFiles, _ reference: RunFiles, _ comment: Comment, _ own: String,
            sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            let isAdapter = !own.contains("trained=all")
            #expect(
                try isAdapter
                    ? run.adapter(6) == reference.adapter(6)
                    : run.weights(6) == reference.weights(6), comment,
                sourceLocation: sourceLocation)
            #expect(
                try run.moments(6) == reference.moments(6), comment,
                sourceLocation: sourceLocation)
            #expect(
                try run.steps() == reference.steps(), comment, sourceLocation: sourceLocation)
            #expect(
                try run.metrics("validation").last == reference.metrics("validation").last,
                comment, sourceLocation: sourceLocation)
        }

        @Test func theFirstStepHasNoMarginsAndTheLastOneHas() async throws {
            let workspace = try await Self.workspace()
            let run = try await workspace.finetune("run", Self.keys)
            let steps = try run.metrics("train")
            let first = try #require(steps.first)
            #expect(abs(try #require(first["loss"]?.double) - log(2)) < 1e-5)
            #expect(abs(try #require(first["rewards/margins"]?.double)) < 1e-5)
            for name in [
                "rewards/chosen", "rewards/rejected", "rewards/accuracies", "logps/chosen",
                "logps/rejected", "logits/chosen", "logits/rejected", "entropy",
                "mean_token_accuracy", "num_tokens",
            ] {
                #expect(first[name]?.double?.isFinite == true, "\(name)")
            }
            #expect(
                try run.metrics("event").contains {
                    $0["message"]?.string?.contains("no margins, as it must") == true
                })
            let last = try #require(steps.last)
            #expect(try #require(last["rewards/margins"]?.double) > 0.01)
            #expect(try #require(last["loss"]?.double) < 0.69)
            let held = try #require(try run.metrics("validation").last)
            #expect(try #require(held["rewards/accuracies"]?.double) > 0.5)
        }

        @Test func anotherModelMayBeTheReference() async throws {
            let workspace = try await Self.workspace()
            try await workspace.pretrain("other", "train.steps=2 optimizer.warmup_steps=1")
            let keys = Self.keys + "finetune.preference.reference=other/checkpoints/latest "
            let run = try await workspace.finetune("run", keys)
            #expect(
                try run.metrics("event").contains {
                    $0["message"]?.string?.contains("the reference is another model") == true
                })
            #expect(
                abs(try #require(try run.metrics("train")[0]["rewards/chosen"]?.double)) > 1e-3)
            let replayed = try await workspace.succeed("replay --run run/finetune --step 5")
            #expect(replayed.output.contains("the same, bit for bit"), "\(replayed.output)")
        }

        @Test func whatTheReferenceSaysIsStoredAndReadAgain() async throws {
            let workspace = try await Self.workspace()
            let alone = try await workspace.finetune("alone", Self.keys)
            let keys = Self.keys + "finetune.preference.reference=reference.h5 "
            let made = try await workspace.succeed(
                "finetune --config tune.yaml output=made \(keys)", ranks: 2)
            #expect(made.output.contains("has read, into reference.h5, 40 pairs"), "\(made.output)")
            let found = try await workspace.succeed(
                "finetune --config tune.yaml output=found \(keys)", ranks: 3)
            #expect(found.output.contains("reference.h5 holds 40 pairs"), "\(found.output)")
            for name in ["made", "found"] {
                let run = RunFiles(path: workspace("\(name)/finetune"))
                try expectEqual(run, alone, "\(name)", "")
            }
            let other = try await workspace.run(
                "finetune --config tune.yaml output=other \(keys) finetune.train.sequence_length=9")
            #expect(
                other.errors.contains("the stored log-likelihoods are of other examples"),
                "\(other.errors)")
        }

        /// What the chat page writes: two judgements, a tie, and two bad answers.
        @Test func ratingsOfTheChatPageAreLearntFrom() async throws {
            let workspace = try await Self.workspace()
            let words = ["king", "love", "lord", "night"]
            let ratings = (0..<24).map { index in
                #"{"id": "r\#(index)", "time": 1, "#
                    + #""messages": [{"role": "user", "content": "\#(words[index % 4])"}], "#
                    + #""a": {"model": "m", "adapter": null, "text": "sweet \#(words[index / 6])", "#
                    + #""sampling": {}}, "b": {"model": "m", "adapter": null, "text": "no", "#
                    + #""sampling": {}}, "rating": "\#(["a", "tie", "both_bad"][index % 8 / 3])"}"#
            }
            try workspace.write(ratings.joined(separator: "\n"), to: "ratings.jsonl")
            let pairs = try await workspace.succeed(
                "finetune --config tune.yaml output=pairs \(Self.keys) finetune.data=ratings.jsonl "
                    + "finetune.validation_fraction=0 finetune.train.steps=2")
            #expect(pairs.errors.contains("9 ratings without a better answer: left out"))
            #expect(pairs.errors.contains("12 single answers left out"), "\(pairs.errors)")
            let labels = try await workspace.succeed(
                "finetune --config tune.yaml output=labels \(Self.keys) finetune.data=ratings.jsonl "
                    + "finetune.preference.losses.kto=1 finetune.validation_fraction=0 "
                    + "finetune.train.steps=2")
            #expect(labels.output.contains("30 answers of"), "\(labels.output)")
        }
    }
}
