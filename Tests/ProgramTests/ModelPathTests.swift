import DistributedRuns
import Foundation
import Testing

extension Jobs {
    /// A run directory stands for its newest checkpoint wherever a model is named.
    @Suite struct ModelPathTests {
        @Test func aRunDirectoryMeansItsLatestCheckpoint() async throws {
            let workspace = try await Workspace.withBase()
            let note = "note: base is a run directory: its newest checkpoint is taken, "
            for command in [
                "generate --model base --prompt the --maximum-tokens 4 --temperature 0",
                "evaluate --model base --data shards", "export --model base --output exported",
                "import --model base/ --output imported",
            ] {
                let run = try await workspace.succeed(command)
                #expect(run.errors.contains(" is a run directory: "), "\(command): \(run.errors)")
                let named = command.replacing(
                    "--model base", with: "--model base/checkpoints/latest"
                )
                .replacing("--output ", with: "--output other-").replacing(
                    "latest/", with: "latest")
                let same = try await workspace.succeed(named)
                #expect(same.errors.isEmpty || !same.errors.contains("run directory"))
                #expect(run.output == same.output.replacing("other-", with: ""))
            }
            let chat = try await workspace.succeed(
                "chat --model base --template template.json --maximum-tokens 2", input: "the\n")
            #expect(chat.errors.contains(note + "base/checkpoints/latest"), "\(chat.errors)")
            // What is trained on it, and what comes after.
            try await workspace.finetune("tuned", "finetune.from=base")
            try await workspace.finetune("named")
            let tuned = RunFiles(path: workspace("tuned/finetune"))
            #expect(
                try tuned.adapter(6) == RunFiles(path: workspace("named/finetune")).adapter(6))
            try await workspace.succeed("merge --adapter tuned --output merged")
            try await workspace.pretrain("more", "init.from=base train.steps=2")
        }
    }
}
