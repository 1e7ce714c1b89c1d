import DistributedRuns
import Foundation
import JSON
import Testing

extension Jobs {
    /// A step computed again is the step that the run recorded.
    @Suite struct ReplayTests {
        private func replay(
            _ step: Int, _ workspace: Workspace, _ flags: String = ""
        ) async throws -> DistributedRun {
            try await workspace.run("replay --run run --step \(step) \(flags)")
        }

        /// Rest of the line that begins with `name`.
        private func value(_ name: String, in run: DistributedRun) -> String? {
            let line = run.output.split(separator: "\n").first { $0.hasPrefix("  \(name)") }
            return line.map { $0.dropFirst(name.count + 2).trimmingCharacters(in: .whitespaces) }
        }

        @Test(arguments: [nil, 2] as [Int?])
        func replayedStepsEqualTheRecordedOnes(ranks: Int?) async throws {
            let workspace = try await Workspace.prepared()
            let steps = try await workspace.pretrain("run", "train.steps=8", ranks: ranks).steps()
            // Without a checkpoint before it, right after one, and some steps after one.
            for step in [1, 6, 8] {
                let replayed = try await replay(step, workspace)
                #expect(replayed.exitCode == 0, "\(replayed.errors)")
                #expect(value("metrics.jsonl", in: replayed) == "the same, bit for bit")
                let recorded = steps[step - 1]
                for (name, key) in [
                    ("loss", "loss"), ("gradient norm", "gradient_norm"),
                    ("learning rate", "learning_rate"),
                ] {
                    let number = value(name, in: replayed).flatMap(Double.init)
                    #expect(number == recorded[key]?.double, "\(name) of step \(step)")
                }
                let origin = step < 6 ? "the beginning" : "run/checkpoints/step-00000005"
                #expect(replayed.output.contains("on one rank from \(origin)"))
            }
        }

        @Test func layersAddUpToTheGradientNormAndTextsAreTheBatch() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.stop_after_steps=2 data.shuffle=false")
            let files = try FileManager.default.subpathsOfDirectory(atPath: workspace("run"))
            let replayed = try await replay(2, workspace, "--full")
            let names = ["transformer.wte", "transformer.h.0", "transformer.h.1"]
            for name in names { #expect(value(name, in: replayed) != nil, "\(name)") }
            let squares = replayed.output.split(separator: "\n")
                .filter { $0.hasPrefix("  transformer.") }
                .compactMap { Double($0.split(separator: " ")[2]) }.map { $0 * $0 }
            let norm = try #require(value("gradient norm", in: replayed).flatMap(Double.init))
            // The table shows six digits.
            #expect(abs(squares.reduce(0, +).squareRoot() - norm) < 1e-5 * norm)

            // Step 2 of 24 windows of 16 characters begins at character 24 * 16.
            let text = try String(decoding: workspace.bytes("text.txt"), as: UTF8.self)
            let first = String(text.unicodeScalars.dropFirst(24 * 16).prefix(17))
            #expect(
                replayed.output.contains(
                    "sequence 0: window 24, tokens 384 to 400, "
                        + "document 0 of shards/train-00000.h5\n\(first)"))
            let after = try FileManager.default.subpathsOfDirectory(atPath: workspace("run"))
            #expect(files.sorted() == after.sorted(), "replay writes nothing")
        }

        @Test func aDifferenceIsToldByTheExitCode() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.stop_after_steps=2")
            let text = try String(decoding: workspace.bytes("run/metrics.jsonl"), as: UTF8.self)
            let loss = try #require(RunFiles(path: workspace("run")).losses().last)
            try workspace.write(
                text.replacing("\"loss\":\(loss)", with: "\"loss\":\(loss.nextUp)"),
                to: "run/metrics.jsonl")
            let replayed = try await replay(2, workspace)
            #expect(replayed.exitCode == 1)
            #expect(replayed.messages.count == 1)
            #expect(
                replayed.errors.contains(
                    "the step differs from what the run recorded: expected loss \(loss.nextUp)"))
        }

        @Test func whatIsMissingIsNamedOnOneLine() async throws {
            let workspace = try await Workspace.prepared()
            let none = try await replay(1, workspace)
            #expect(none.messages.count == 1)
            #expect(none.errors.contains("this is no run directory: expected recipe.yaml in it"))
            try await workspace.pretrain("run", "train.steps=6")
            for step in [0, 7] {
                let wrong = try await replay(step, workspace)
                #expect(wrong.exitCode == 64)
                #expect(
                    wrong.messages == [
                        "swift-llm-train: the run has no such step: expected a step from 1 to 6, "
                            + "got \(step) (run/metrics.jsonl)"
                    ])
            }
            try workspace.damage("run/checkpoints/step-00000005/model.safetensors", at: 4000)
            let passedOver = try await replay(6, workspace)
            #expect(passedOver.exitCode == 0, "\(passedOver.errors)")
            #expect(
                passedOver.output.contains("passed over a checkpoint: the file is altered"))
            #expect(passedOver.output.contains("the beginning: no complete checkpoint before it"))
        }
    }
}
