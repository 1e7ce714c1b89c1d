import DistributedRuns
import Foundation
import JSON
import Testing

extension Jobs {
    /// Distillation by the built program: a student of one layer, a teacher of two.
    @Suite struct DistillationTests {
        private static let keys =
            "finetune.task=distillation finetune.from=small/checkpoints/latest "
            + "finetune.distillation.teacher=base/checkpoints/latest finetune.trained=all "

        private static func workspace() async throws -> Workspace {
            let workspace = try await Workspace.withBase()
            try await workspace.pretrain(
                "small", "model.layer_count=1 train.steps=2 optimizer.warmup_steps=1 seed=3")
            return workspace
        }

        private static let ways = [
            "forward": "finetune.distillation.divergence=forward ",
            "packed": "finetune.distillation.divergence=reverse finetune.packing=isolated ",
            "adapters": "finetune.distillation.beta=0.3 finetune.trained=lora ",
            "likeliest": "finetune.distillation.top_k=5 ",
            "own": "finetune.distillation.on_policy=0.5 "
                + "finetune.distillation.maximum_new_tokens=5 ",
        ]

        /// Half of the steps on two ranks, half on three, and all on one.
        @Test func theBitsAreThoseOfAnyNumberOfRanksAndOfAResume() async throws {
            let workspace = try await Self.workspace()
            for (way, own) in Self.ways {
                let keys = Self.keys + own
                let alone = try await workspace.finetune("\(way)-alone", keys)
                let losses = try alone.losses()
                #expect(losses.count == 6, "\(way)")
                // Answers of the student's own are others at each step.
                #expect(way == "own" || losses[5] < losses[0], "\(way): \(losses)")
                try await workspace.finetune(
                    way, keys + "finetune.train.stop_after_steps=3", ranks: 2)
                let shared = try await workspace.finetune(way, keys + "--resume", ranks: 3)
                try expectEqual(shared, alone, "\(way)")
            }
            try await expectAnswersAreKept(workspace)
        }

        private func expectEqual(
            _ run: RunFiles, _ reference: RunFiles, _ comment: Comment,
            sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            #expect(
                try comment == "adapters"
                    ? run.adapter(6) == reference.adapter(6)
                    : run.weights(6) == reference.weights(6), comment,
                sourceLocation: sourceLocation)
            #expect(
                try run.moments(6) == reference.moments(6), comment, sourceLocation: sourceLocation)
            #expect(
                try run.steps() == reference.steps(), comment, sourceLocation: sourceLocation)
            #expect(
                try run.metrics("validation").last == reference.metrics("validation").last,
                comment, sourceLocation: sourceLocation)
        }

        /// The steps whose answers the student wrote say so, keep them, and can be computed again.
        private func expectAnswersAreKept(_ workspace: Workspace) async throws {
            let (run, other) = (workspace("own/finetune"), workspace("own-alone/finetune"))
            var counts = [0, 0]
            for step in try RunFiles(path: run).steps() {
                let number = try #require(step["step"]?.integer)
                let name = "rollouts/step-\(number).jsonl"
                let isOwn = step["on_policy"]?.double == 1
                counts[isOwn ? 1 : 0] += 1
                #expect(FileManager.default.fileExists(atPath: "\(run)/\(name)") == isOwn)
                #expect((step["completions/mean_length"] != nil) == isOwn)
                guard isOwn else { continue }
                let bytes = try Data(contentsOf: URL(filePath: "\(run)/\(name)"))
                #expect(try bytes == Data(contentsOf: URL(filePath: "\(other)/\(name)")))
                let lines = try bytes.split(separator: UInt8(ascii: "\n"))
                    .map { try JSONValue(parsing: Array($0), at: name) }
                #expect(lines.count == 12)
                for line in lines {
                    #expect((1...5).contains(line["completion_ids"]?.array?.count ?? 0))
                }
                let replayed = try await workspace.succeed(
                    "replay --run own/finetune --step \(number)")
                #expect(
                    replayed.output.contains("the same, bit for bit"), "\(replayed.output)")
                #expect(replayed.output.contains(name), "\(replayed.output)")
            }
            #expect(counts.allSatisfy { $0 > 0 }, "\(counts)")
            try await expectReplayReadsAnswers(workspace, run)
        }

        /// What a step learnt from is what the run has kept, not what is drawn again.
        private func expectReplayReadsAnswers(
            _ workspace: Workspace, _ run: String
        ) async throws {
            let own = try #require(
                try RunFiles(path: run).steps().first { $0["on_policy"]?.double == 1 })
            let step = try #require(own["step"]?.integer)
            let file = "\(run)/rollouts/step-\(step).jsonl"
            let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
            func replay(_ lines: some Sequence<Substring>) async throws -> DistributedRun {
                try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: URL(filePath: file))
                return try await workspace.run("replay --run own/finetune --step \(step)")
            }
            let cut = try await replay(lines.dropLast())
            #expect(cut.exitCode == 1)
            #expect(
                cut.errors.contains(
                    "a file does not hold the answers of a step: expected 12 answers, got 11"),
                "\(cut.errors)")
            let others = try await replay(lines.map { _ in lines[0] })
            #expect(
                others.errors.contains("the step differs from what the run recorded"),
                "\(others.errors)")
        }

        @Test func whatTheTeacherSaysIsTakenStoredOrWritten() async throws {
            let workspace = try await Self.workspace()
            try await expectPlanned(workspace)
            try await expectNothingToLearnFromItself(workspace)
            try await expectStored(workspace)
            try await expectWritten(workspace)
            try await expectContextIsKept(workspace)
            try await expectOtherVocabularyIsRefused(workspace)
        }

        /// A plan counts the weights of a teacher that stays in memory, which it does not load.
        private func expectPlanned(_ workspace: Workspace) async throws {
            let weights = try workspace.tensors("base/checkpoints/latest").values
                .reduce(0) { $0 + $1.count }
            let stored = "finetune.distillation.stored=a.h5 finetune.distillation.top_k=5"
            for (own, bytes) in [("", 4 * weights), (stored, nil)] {
                let planned = try await workspace.succeed(
                    "plan tune.yaml --json \(Self.keys) \(own)")
                let plan = try JSONValue(parsing: Array(planned.output.utf8), at: "plan")
                #expect(
                    plan["memory_by_kind"]?["other_models"]?.integer == bytes, "\(planned.output)")
            }
        }

        private func expectNothingToLearnFromItself(_ workspace: Workspace) async throws {
            let run = try await workspace.finetune(
                "itself",
                Self.keys + "finetune.from=base/checkpoints/latest model.dropout_rate=0 "
                    + "finetune.train.steps=1 finetune.optimizer.warmup_steps=0")
            #expect(abs(try run.losses()[0]) < 1e-6)
        }

        private func expectStored(_ workspace: Workspace) async throws {
            let keys =
                Self.keys + "finetune.distillation.stored=teacher.h5 finetune.train.steps=2 "
            let made = try await workspace.succeed(
                "finetune --config tune.yaml output=made \(keys) finetune.distillation.top_k=5",
                ranks: 2)
            #expect(
                made.output.contains("has read 40 examples, into teacher.h5,"), "\(made.output)")
            let found = try await workspace.succeed(
                "finetune --config tune.yaml output=found \(keys) finetune.distillation.top_k=5",
                ranks: 3)
            #expect(found.output.contains("teacher.h5 holds what"), "\(found.output)")
            let runs = ["made", "found"].map { RunFiles(path: workspace("\($0)/finetune")) }
            #expect(try runs[1].weights(2) == runs[0].weights(2))
            #expect(try runs[1].steps() == runs[0].steps())
            let other = try await workspace.run(
                "finetune --config tune.yaml output=other \(keys) finetune.distillation.top_k=6")
            #expect(
                other.errors.contains("the stored likeliest tokens are of another number"),
                "\(other.errors)")
        }

        /// What a teacher writes is the same on any number of ranks, and any student learns from it.
        private func expectWritten(_ workspace: Workspace) async throws {
            var outputs: [String] = []
            for ranks in [nil, 2, 3] {
                outputs.append(
                    try await workspace.succeed(
                        "generate --model base/checkpoints/latest --prompts chats.jsonl --chat "
                            + "--template template.json --maximum-tokens 9 --samples 2 --seed 5",
                        ranks: ranks
                    ).output)
            }
            #expect(outputs[1] == outputs[0] && outputs[2] == outputs[0])
            let lines = try outputs[0].split(separator: "\n").map {
                try JSONValue(parsing: Array($0.utf8), at: "the output")
            }
            let asked = try String(decoding: workspace.bytes("chats.jsonl"), as: UTF8.self)
                .split(separator: "\n").map {
                    try JSONValue(parsing: Array($0.utf8), at: "chats.jsonl")["instruction"]?.string
                }
            #expect(lines.map { $0["prompt"]?.string } == asked.flatMap { [$0, $0] })
            #expect(Set(lines.compactMap { $0["completion"]?.string }).count > 20)
            try workspace.write(outputs[0], to: "written.jsonl")
            let student = try await workspace.finetune(
                "taught",
                "finetune.data=written.jsonl finetune.from=small/checkpoints/latest "
                    + "finetune.trained=all finetune.on_bad_record=skip finetune.train.steps=2")
            #expect(try student.losses().count == 2)
        }

        /// An answer is one to the whole of its prompt, or there is none.
        private func expectContextIsKept(_ workspace: Workspace) async throws {
            let asked = "generate --model base/checkpoints/latest --prompts asked.jsonl "
            let (fits, outgrows) = (
                String(repeating: "a", count: 12), String(repeating: "a", count: 17)
            )
            try workspace.write(#"{"prompt": "\#(fits)"}"#, to: "asked.jsonl")
            let cut = try await workspace.succeed(asked + "--maximum-tokens 40 --seed 3")
            let answer = try JSONValue(parsing: Array(cut.output.utf8), at: "the output")
            #expect(try #require(answer["completion"]?.string).count <= 5, "\(cut.output)")
            #expect(
                cut.errors.contains("--maximum-tokens, or the context of 16, cuts them"),
                "\(cut.errors)")
            try workspace.write(
                [fits, outgrows].map { #"{"prompt": "\#($0)"}"# }.joined(separator: "\n"),
                to: "asked.jsonl")
            for ranks in [nil, 2] {
                let refused = try await workspace.run(asked, ranks: ranks)
                #expect(refused.exitCode == 1 && refused.output.isEmpty, "\(refused.output)")
                #expect(
                    refused.errors.contains(
                        "the prompt is longer than the context of the model: expected at most 16 "
                            + "tokens, got 17 (asked.jsonl, line 2)"), "\(refused.errors)")
            }
        }

        /// The teacher's tokens are those of the student but for two, which have each other's numbers.
        private func expectOtherVocabularyIsRefused(_ workspace: Workspace) async throws {
            let (base, other) = (workspace("base/checkpoints/latest/"), workspace("foreign"))
            try FileManager.default.createDirectory(
                atPath: other, withIntermediateDirectories: false)
            for name in ["config.json", "model.safetensors", "tokenizer_config.json"] {
                try FileManager.default.copyItem(
                    atPath: base + name, toPath: "\(other)/\(name)")
            }
            let tokenizer = try String(contentsOfFile: base + "tokenizer.json", encoding: .utf8)
            try workspace.write(
                tokenizer.replacing(#""D":"#, with: #""":"#).replacing(#""Q":"#, with: #""D":"#)
                    .replacing(#""":"#, with: #""Q":"#), to: "foreign/tokenizer.json")
            let run = try await workspace.run(
                "finetune --config tune.yaml output=refused \(Self.keys) "
                    + "finetune.distillation.teacher=foreign")
            #expect(
                run.errors.contains("the teacher has another vocabulary")
                    && run.errors.contains(#"of which 4 is "D", got "#)
                    && run.errors.contains("generate --prompts"), "\(run.errors)")
        }
    }
}
