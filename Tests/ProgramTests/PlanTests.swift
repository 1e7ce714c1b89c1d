import DistributedRuns
import Foundation
import JSON
import Testing

extension Jobs {
    /// `plan` and `--dry-run`.
    @Suite struct PlanTests {
        private func plan(
            _ workspace: Workspace, _ arguments: String, ranks: Int? = nil
        ) async throws -> JSONValue {
            let run = try await workspace.succeed(
                "plan recipe.yaml --json " + arguments, ranks: ranks)
            return try JSONValue(parsing: Array(run.output.utf8), at: "plan")
        }

        @Test(arguments: [nil, 2])
        func tellsWhatARunCostsAndWritesNothing(ranks: Int?) async throws {
            let workspace = try await Workspace.prepared()
            let plan = try await plan(workspace, "", ranks: ranks)
            #expect(plan["steps"]?.integer == 20)
            #expect(plan["tokens_per_step"]?.integer == 24 * 16)
            #expect(plan["ranks"]?.integer == ranks ?? 1)
            let parts = plan["parameters_by_part"]?.object ?? [:]
            #expect(parts.values.compactMap(\.integer).reduce(0, +) == plan["parameters"]?.integer)
            #expect(parts["embeddings"] != nil && parts["feed-forward"] != nil)
            #expect(plan["validations"]?.integer == 4 && plan["checkpoints"]?.integer == 4)
            for key in [
                "peak_memory_bytes", "node_memory_bytes", "step_seconds", "finish_seconds",
                "checkpoint_bytes", "checkpoint_seconds", "epochs", "node_room_bytes",
            ] {
                #expect((plan[key]?.double ?? 0) > 0, "\(key)")
            }
            #expect(!workspace.exists("run"))
        }

        /// The weights and moments of the checkpoint that the run then writes, to the byte but for headers.
        @Test func theCheckpointIsAsLargeAsItWasPlanned() async throws {
            let workspace = try await Workspace.prepared()
            let planned = try await plan(workspace, "")["checkpoint_bytes"]?.integer ?? 0
            let files = try await workspace.pretrain("run")
            let written = try files.weights(20).count + files.moments(20).count
            #expect(written >= planned && written < planned + 16_384)
        }

        @Test func aTextThatIsNotPreparedCanBePlanned() async throws {
            let workspace = try Workspace()
            try workspace.write(
                Workspace.recipe.replacing("[pretrain]", with: "[prepare, pretrain]") + """
                    tokenizer: {kind: bpe, vocabulary_size: 600}
                    prepare: {input: [text.txt], output: shards}

                    """, to: "recipe.yaml")
            let run = try await workspace.succeed("run recipe.yaml --dry-run")
            #expect(run.output.contains("note: the text is not prepared yet: a vocabulary of 600"))
            #expect(run.output.contains("memory of the fullest rank"))
            #expect(run.output.contains("done after"))
            #expect(!workspace.exists("run") && !workspace.exists("shards"))
        }

        @Test func otherHostsArePredicted() async throws {
            let workspace = try await Workspace.prepared()
            let plan = try await plan(workspace, "--hosts 4 --ranks-per-host 2 --link 1")
            let cluster = try #require(plan["cluster"])
            #expect(cluster["hosts"]?.integer == 4)
            #expect((cluster["sent_bytes_per_step"]?.integer ?? 0) > 0)
            #expect((cluster["step_seconds"]?.double ?? 0) > 0)
            let text = try await workspace.succeed("plan recipe.yaml --hosts 2").output
            #expect(text.contains("on 2 hosts as fast as this one, of 1 rank, over 10.0 Gbit/s"))
            let wrong = try await workspace.run("plan recipe.yaml --hosts 5")
            #expect(wrong.exitCode == 64)
            #expect(wrong.errors.contains("expected a multiple of 5 ranks, got 24"))
        }

        @Test func asManyRanksAsNobodyHasArePredicted() async throws {
            let workspace = try await Workspace.prepared()
            let plan = try await plan(
                workspace, "train.global_batch_size=8192 --hosts 64 --ranks 4096")
            let cluster = try #require(plan["cluster"])
            #expect(cluster["hosts"]?.integer == 64)
            #expect(cluster["ranks_per_host"]?.integer == 64)
            #expect((cluster["sent_bytes_per_step"]?.integer ?? 0) > 0)
            let wrong = try await workspace.run("plan recipe.yaml --hosts 5 --ranks 12")
            #expect(wrong.exitCode == 64)
            #expect(wrong.errors.contains("--ranks 12 are not as many on each of --hosts 5"))
        }

        /// A long run measures a step before its first one; it is stopped early here.
        @Test(arguments: [nil, 2])
        func aRunKeepsItsPlanAndItsReportScoresIt(ranks: Int?) async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.succeed(
                "pretrain recipe.yaml train.steps=60000000 train.stop_after_steps=20",
                ranks: ranks)
            #expect(run.output.contains("plan: "))
            #expect(run.output.contains("checkpoints of"))
            let plan = try JSONValue(
                parsing: Array(try workspace.bytes("run/plan.json")), at: "plan")
            for key in ["peak_memory_bytes", "step_seconds", "finish_seconds", "checkpoint_bytes"] {
                #expect((plan[key]?.double ?? 0) > 0, "\(key)")
            }
            #expect(plan["ranks"]?.integer == ranks ?? 1)
            let page = String(decoding: try workspace.bytes("run/report.html"), as: UTF8.self)
            #expect(page.contains("The plan, and what came of it"))
            #expect(page.contains("<td>a step</td>") && page.contains("times what it was"))

            // What goes on counts what is left.
            try await workspace.succeed(
                "pretrain recipe.yaml --resume train.steps=60000000 train.stop_after_steps=22",
                ranks: ranks)
            let next = try JSONValue(
                parsing: Array(try workspace.bytes("run/plan.json")), at: "plan")
            #expect(next["first_step"]?.integer == 20)
        }

        /// A measured step changes no bit of the run, and a short run is not measured.
        @Test func thePlanChangesNothing() async throws {
            let workspace = try await Workspace.prepared()
            let long = try await workspace.pretrain(
                "long",
                "train.steps=60000000 train.stop_after_steps=20 optimizer.schedule=constant")
            let short = try await workspace.pretrain("short", "optimizer.schedule=constant")
            #expect(try long.weights(20) == short.weights(20))
            let plan = try JSONValue(
                parsing: Array(try workspace.bytes("short/plan.json")), at: "plan")
            #expect(plan["step_seconds"]?.isNull == true)
            #expect((plan["peak_memory_bytes"]?.integer ?? 0) > 0)
        }

        @Test func whatDoesNotFitIsRefusedWithWhatDoes() async throws {
            let workspace = try await Workspace.prepared()
            let program = DistributedRun.executable("swift-llm-train")
            let run = try await DistributedRun.of(
                command: [
                    "bash", "-c",
                    "ulimit -v 1500000; exec \(program) plan recipe.yaml model.preset=gpt2-124m "
                        + "train.micro_batch_size=512 train.global_batch_size=4096 "
                        + "train.sequence_length=256",
                ], seconds: 60, folder: workspace.path)
            #expect(run.exitCode == 1)
            #expect(
                run.errors.contains("this training needs more memory than there is"),
                "\(run.errors)")
        }

        @Test func whatHasNothingToPlanGetsOneLine() async throws {
            let workspace = try await Workspace.prepared()
            for (arguments, line) in [
                (
                    "plan recipe.yaml --finetune",
                    "there is nothing to plan: expected a recipe with the phase finetune, got pretrain"
                ),
                (
                    "plan recipe.yaml --link 1",
                    "--ranks-per-host, --ranks and --link stand with --hosts"
                ),
                ("run --dry-run", "--dry-run: expected a recipe, got the built-in quick start"),
            ] {
                let run = try await workspace.run(arguments)
                #expect(run.exitCode == 64)
                #expect(run.errors.hasPrefix("swift-llm-train: " + line), "\(run.errors)")
            }
        }
    }
}
