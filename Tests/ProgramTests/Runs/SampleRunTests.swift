import DistributedRuns
import Foundation
import JSON
import Testing

extension Jobs {
    /// `generate.every_steps`.
    @Suite struct SampleRunTests {
        private static let keys =
            "generate.every_steps=10 generate.prompt=king generate.maximum_tokens=9"

        @Test(arguments: [nil, 2])
        func theModelWritesMeanwhileAndTheBitsStay(ranks: Int?) async throws {
            let workspace = try await Workspace.prepared()
            let plain = try await workspace.pretrain("plain", "train.lanes=2")
            let run = try await workspace.succeed(
                "pretrain recipe.yaml output=run train.lanes=2 \(Self.keys)", ranks: ranks)
            #expect(run.output.contains("step 10  the model writes\nking"), "\(run.output)")
            let samples = try String(
                decoding: workspace.bytes("run/samples.jsonl"), as: UTF8.self
            ).split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8), at: "samples") }
            #expect(samples.map { $0["step"]?.integer } == [10, 20])
            #expect(samples.allSatisfy { $0["prompt"]?.string == "king" })
            let page = String(decoding: try workspace.bytes("run/report.html"), as: UTF8.self)
            #expect(page.contains("After 10 steps") && page.contains("After 20 steps"))
            let weights = "checkpoints/step-00000020/model.safetensors"
            #expect(try workspace.bytes("run/\(weights)") == plain.weights(20))
        }

        /// With the template that the fine-tuning names, of which its base knows nothing.
        @Test(arguments: [nil, 2] as [Int?])
        func aFineTuningAnswersInItsOwnTemplate(ranks: Int?) async throws {
            let workspace = try await Workspace.withBase()
            let command =
                "finetune --config tune.yaml generate.every_steps=3 generate.prompt=king "
                + "generate.maximum_tokens=5 "
            let chat = try await workspace.succeed(
                command + "output=chat generate.chat=true", ranks: ranks)
            #expect(chat.output.contains("step 3  the model writes"), "\(chat.output)")
            #expect(chat.output.contains("step 6  the model writes"), "\(chat.output)")
            #expect(!chat.errors.contains("no sample of the model"), "\(chat.errors)")
            let plain = try await workspace.succeed(command + "output=plain", ranks: ranks)
            let note = "the model has a chat template, tiny: generate.chat uses it"
            #expect((plain.output + plain.errors).ranges(of: note).count == 1, "\(plain.output)")
        }

        @Test(arguments: [nil, 2] as [Int?])
        func aPromptThatCannotBeUsedEndsTheRunAtItsStart(ranks: Int?) async throws {
            let workspace = try await Workspace.prepared()
            for keys in ["generate.prompt=\u{1F980}", "generate.prompt=king generate.chat=true"] {
                let run = try await workspace.run(
                    "pretrain recipe.yaml generate.every_steps=10 \(keys)", ranks: ranks)
                #expect(run.exitCode != 0 && !run.output.contains("step 1 "), "\(run.output)")
                #expect(run.messages.count == 1, "\(run.errors)")
            }
        }

        /// What cannot be kept is a warning.
        @Test func aSampleThatFailsEndsNoTraining() async throws {
            let workspace = try await Workspace.prepared()
            let command = "pretrain recipe.yaml \(Self.keys) "
            try await workspace.succeed(command + "train.stop_after_steps=5")
            let samples = workspace("run/samples.jsonl")
            try FileManager.default.removeItem(atPath: samples)
            try FileManager.default.createDirectory(
                atPath: samples, withIntermediateDirectories: false)
            let run = try await workspace.succeed(command + "--resume")
            #expect(run.errors.contains("warning: no sample of the model"), "\(run.errors)")
            #expect(workspace.exists("run/checkpoints/step-00000020"))
        }

        @Test func keysOfTheTextHaveAnEffectWithItAlone() async throws {
            let workspace = try await Workspace.prepared()
            let idle = try await workspace.run("pretrain recipe.yaml generate.prompt=king")
            #expect(idle.exitCode == 64 && idle.errors.contains("generate.prompt has no effect"))
        }
    }
}
