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

        /// A prompt of which the tokenizer knows nothing is a warning.
        @Test func aSampleThatFailsEndsNoTraining() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.succeed(
                "pretrain recipe.yaml generate.every_steps=10 generate.prompt=\u{1F980}")
            #expect(run.errors.contains("warning: no sample of the model"), "\(run.errors)")
            #expect(!workspace.exists("run/samples.jsonl"))
        }

        @Test func keysOfTheTextHaveAnEffectWithItAlone() async throws {
            let workspace = try await Workspace.prepared()
            let idle = try await workspace.run("pretrain recipe.yaml generate.prompt=king")
            #expect(idle.exitCode == 64 && idle.errors.contains("generate.prompt has no effect"))
        }
    }
}
