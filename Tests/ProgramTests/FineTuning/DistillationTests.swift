import Foundation
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

        @Test(arguments: [
            "finetune.distillation.divergence=forward ",
            "finetune.distillation.divergence=reverse finetune.packing=isolated ",
            "finetune.distillation.beta=0.3 finetune.trained=lora ",
            "finetune.distillation.top_k=5 ",
        ])
        func theBitsAreThoseOfAnyNumberOfRanksAndOfAResume(_ own: String) async throws {
            let workspace = try await Self.workspace()
            let keys = Self.keys + own
            let alone = try await workspace.finetune("alone", keys)
            let losses = try alone.losses()
            #expect(losses.count == 6)
            #expect((losses.last ?? 9) < (losses.first ?? 0), "\(losses)")
            for ranks in [2, 3] {
                let run = try await workspace.finetune("run-\(ranks)", keys, ranks: ranks)
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
            #expect(
                try own.contains("lora")
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

        @Test func aModelThatIsItsOwnTeacherHasNothingToLearn() async throws {
            let workspace = try await Self.workspace()
            let run = try await workspace.finetune(
                "run",
                Self.keys + "finetune.from=base/checkpoints/latest model.dropout_rate=0 "
                    + "finetune.train.steps=1 finetune.optimizer.warmup_steps=0")
            #expect(abs(try run.losses()[0]) < 1e-6)
        }

        @Test func whatTheTeacherSaysIsStoredAndReadAgain() async throws {
            let workspace = try await Self.workspace()
            let keys = Self.keys + "finetune.distillation.stored=teacher.h5 "
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
            try expectEqual(runs[1], runs[0], "read again", "")
            let other = try await workspace.run(
                "finetune --config tune.yaml output=other \(keys) finetune.distillation.top_k=6")
            #expect(
                other.errors.contains("the stored likeliest tokens are of another number"),
                "\(other.errors)")
        }

        @Test(arguments: [
            (
                "finetune.distillation.teacher=null",
                "finetune.distillation.teacher is missing"
            ),
            ("finetune.distillation.stored=a.h5", "needs finetune.distillation.top_k"),
            ("finetune.distillation.top_k=2000", "expected at most 1024, got 2000"),
            (
                "finetune.distillation.divergence=reverse finetune.distillation.beta=0.2",
                "finetune.distillation.beta has no effect"
            ),
        ])
        func keysThatDoNotFitAreRefused(keys: String, line: String) async throws {
            let workspace = try await Workspace.withBase()
            let run = try await workspace.run(
                "finetune --config tune.yaml output=run finetune.task=distillation "
                    + "finetune.distillation.teacher=base/checkpoints/latest \(keys)")
            #expect(run.exitCode == 64, "\(run.errors)")
            #expect(run.errors.contains(line), "\(run.errors)")
        }

        @Test func aTeacherOfAnotherVocabularyIsRefused() async throws {
            let workspace = try await Self.workspace()
            try await workspace.succeed(
                "tokenizer train --vocabulary-size 260 --input text.txt --output other.json")
            try await workspace.succeed(
                "prepare --input text.txt --tokenizer other.json --output others")
            try await workspace.pretrain(
                "other",
                "data.train=others data.validation=others train.steps=1 optimizer.warmup_steps=0")
            let run = try await workspace.run(
                "finetune --config tune.yaml output=run \(Self.keys) "
                    + "finetune.distillation.teacher=other/checkpoints/latest")
            #expect(run.errors.contains("the teacher has another vocabulary"), "\(run.errors)")
        }
    }
}
