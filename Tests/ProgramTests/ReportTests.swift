import DistributedRuns
import Foundation
import JSON
import Testing

extension Jobs {
    /// report.html at the end of runs, and `report` afterwards.
    @Suite struct ReportTests {
        @Test func aRunEndsWithItsReport() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.succeed(
                "run recipe.yaml phases=[pretrain,evaluate,generate] generate.prompt=king "
                    + "generate.maximum_tokens=20 name=<script>x")
            #expect(run.errors.contains("report: run/report.html"))
            let page = String(decoding: try workspace.bytes("run/report.html"), as: UTF8.self)
            for part in [
                "&lt;script&gt;x: report of a run", "All 20 steps are done",
                "The model has learnt", "2 layers", "bits_per_byte", "After 20 steps",
                "<mark>king</mark>", "learning_rate: 0.01", "1 document",
                "--model run/checkpoints/latest", "bits on up to", "character, ",
            ] { #expect(page.contains(part), "\(part)") }
            #expect(!page.contains("<script"))
            let sample = try JSONValue(
                parsing: Array(try workspace.bytes("run/samples.jsonl")), at: "samples")
            #expect(sample["prompt"]?.string == "king" && sample["step"]?.integer == 20)

            // The same again from what lies there, and as Markdown.
            let again = try await workspace.succeed("report run/ --output other.html")
            #expect(again.output == "other.html\n")
            #expect(try workspace.bytes("other.html") == workspace.bytes("run/report.html"))
            let card = try await workspace.succeed("report run --markdown").output
            #expect(card.hasPrefix("# \\<script\\>x\n"))
            #expect(card.contains("- model: gpt2 with 2 layers"))
        }

        @Test func aStoppedRunHasOneToo() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.succeed(
                "pretrain --config recipe.yaml train.stop_after_steps=10")
            #expect(run.output.hasSuffix("report: run/report.html\n"))
            let page = String(decoding: try workspace.bytes("run/report.html"), as: UTF8.self)
            #expect(page.contains("10 of 20 steps are done"))
        }

        /// What is left of a run that was cut off, or that an older program made.
        @Test func halfWrittenRunsAreReported() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run")
            let metrics = try workspace.bytes("run/metrics.jsonl")
            try metrics.dropLast(30).write(to: URL(filePath: workspace("run/metrics.jsonl")))
            try workspace.write("name: [", to: "run/recipe.yaml")
            for name in ["checkpoints", "schedules.json", "log.txt"] {
                try FileManager.default.removeItem(atPath: workspace("run/" + name))
            }
            try await workspace.succeed("report run")
            let page = String(decoding: try workspace.bytes("run/report.html"), as: UTF8.self)
            #expect(page.contains("its last line was cut off"))
            #expect(page.contains("no complete checkpoint yet"))
            #expect(page.contains("<li>recipe.yaml: "))
            #expect(page.contains("<svg"))

            try FileManager.default.removeItem(atPath: workspace("run/recipe.yaml"))
            try workspace.write("", to: "run/metrics.jsonl")
            try await workspace.succeed("report run")
            let empty = String(decoding: try workspace.bytes("run/report.html"), as: UTF8.self)
            #expect(empty.contains("No step has been made yet"))
        }

        @Test func whatIsNoRunGetsOneLine() async throws {
            let workspace = try Workspace()
            try FileManager.default.createDirectory(
                atPath: workspace("odd/metrics.jsonl"), withIntermediateDirectories: true)
            try FileManager.default.createDirectory(
                atPath: workspace("empty"), withIntermediateDirectories: true)
            for (arguments, line) in [
                (
                    "absent",
                    "this is no run directory: expected recipe.yaml or metrics.jsonl in it, got "
                        + "nothing of that name (absent); name the output of a run, such as runs/NAME"
                ),
                (
                    "empty",
                    "this is no run directory: expected recipe.yaml or metrics.jsonl in it, got "
                        + "neither (empty); name the output of a run, such as runs/NAME"
                ),
                ("odd", "cannot read the metrics of the run"),
            ] {
                let run = try await workspace.run("report " + arguments)
                #expect(run.exitCode != 0)
                #expect(run.errors.hasPrefix("swift-llm-train: " + line), "\(run.errors)")
                #expect(run.errors.count { $0 == "\n" } == 1)
            }
        }

        @Test func aDirectoryWithoutPermissionIsNamed() async throws {
            let workspace = try Workspace()
            try FileManager.default.createDirectory(
                atPath: workspace("run"), withIntermediateDirectories: true)
            try workspace.write("", to: "run/metrics.jsonl")
            let run = try await workspace.run("report run --output /proc/none/page.html")
            #expect(run.exitCode == 1)
            #expect(run.errors.contains("/proc/none/page.html"), "\(run.errors)")
            #expect(run.errors.contains("name another file with --output"))
        }
    }
}
