import DistributedRuns
import Foundation
import JSON
import Testing

extension Jobs {
    /// The places beside metrics.jsonl to which a run writes its metrics.
    @Suite struct SinkTests {
        private static func script(_ name: String) -> String {
            URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "../Scripts/\(name).py").standardizedFileURL.path
        }

        /// The steps after the checkpoint were made, and are made again.
        @Test func trackioGetsEachStepOnce() async throws {
            let workspace = try await Workspace.prepared()
            let environment = ["TRACKIO_DIR": workspace("trackio")]
            let keys = "metrics.trackio=my.project checkpoint.every_steps=8"
            try await workspace.pretrain(
                "run", keys + " train.stop_after_steps=12", environment: environment)
            try FileManager.default.removeItem(atPath: workspace("run/checkpoints/step-00000012"))
            try await workspace.succeed(
                "pretrain --config recipe.yaml --resume output=run " + keys,
                environment: environment)
            try await workspace.pretrain("other", keys, environment: environment)
            for run in ["run", "other"] {
                let check = try await DistributedRun.of(
                    command: [
                        "python3", Self.script("check_trackio"), workspace(run), "myproject",
                    ], seconds: 60,
                    environment: environment, folder: workspace.path)
                #expect(check.exitCode == 0, "\(check.output)\(check.errors)")
                #expect(check.output.hasPrefix("24 rows"), "\(check.output)")
            }
        }

        /// The command of the end asks for the figures, which are there as long as the run is.
        @Test(arguments: [nil, 2])
        func theEndIsToldAndFiguresAreThere(ranks: Int?) async throws {
            let workspace = try await Workspace.prepared()
            let port = Int.random(in: 20_000...29_999)
            try workspace.write(
                """
                cat >> notices
                python3 -c 'import urllib.request as u; \
                print(u.urlopen("http://127.0.0.1:\(port)/metrics", timeout=20).read().decode())' > figures

                """, to: "notice.sh")
            let recipe =
                Workspace.recipe + """
                    metrics: {prometheus_port: \(port), notify: "sh notice.sh"}

                    """
            try workspace.write(recipe, to: "recipe.yaml")
            let run = try await workspace.succeed("pretrain recipe.yaml", ranks: ranks)
            #expect(run.output.contains("http://127.0.0.1:\(port)/metrics"))
            let notice = try JSONValue(
                parsing: Array(try workspace.bytes("notices")), at: "notices")
            #expect(notice["event"]?.string == "done" && notice["step"]?.integer == 20)
            #expect(notice["run"]?.string == "run")
            let figures = String(decoding: try workspace.bytes("figures"), as: UTF8.self)
            #expect(figures.contains("swift_llm_step{run=\"tiny\"} 20\n"), "\(figures)")
            #expect(figures.contains("swift_llm_validation_loss{run=\"tiny\"}"))

            // A training that cannot go on tells so, too.
            let failed = try await workspace.run(
                "pretrain recipe.yaml output=bad optimizer.learning_rate=1.0e30 "
                    + "train.maximum_skipped_steps=0", ranks: ranks)
            #expect(failed.exitCode == 1)
            let last =
                String(decoding: try workspace.bytes("notices"), as: UTF8.self)
                .split(separator: "\n").last ?? ""
            #expect(last.contains(#""event":"failed""#), "\(last)")
        }

        @Test(arguments: [nil, 2])
        func aTrainingIsWatchedAndSteeredByItsPage(ranks: Int?) async throws {
            let workspace = try await Workspace.prepared()
            let port = Int.random(in: 30_000...32_000)
            let launcher = ranks.map { DistributedRun.launcher + ["\($0)"] } ?? []
            let training = [
                DistributedRun.executable("swift-llm-train"), "pretrain", "recipe.yaml",
                "train.steps=1000000", "evaluate.every_steps=0", "checkpoint.every_steps=0",
                "metrics.dashboard_port=\(port)",
            ]
            let check = try await DistributedRun.of(
                command: ["python3", Self.script("check_dashboard"), "\(port)"] + launcher
                    + training,
                seconds: 120, folder: workspace.path)
            #expect(check.exitCode == 0, "\(check.output)\(check.errors)")
            #expect(check.output == "watched and steered\n")
        }

        @Test func aThousandPagesThatLeaveHarmNobody() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.succeed("pretrain recipe.yaml")
            let check = try await DistributedRun.of(
                command: [
                    "python3", Self.script("check_dashboard_crowd"),
                    DistributedRun.executable("swift-llm-train"), "run",
                ], seconds: 120, folder: workspace.path)
            #expect(check.exitCode == 0, "\(check.output)\(check.errors)")
        }

        @Test func aPortThatIsTakenGetsOneLine() async throws {
            let workspace = try await Workspace.prepared()
            let command = """
                import socket, subprocess, sys
                taken = socket.socket()
                taken.bind(("127.0.0.1", 0))
                taken.listen()
                port = taken.getsockname()[1]
                for words in (["dashboard", ".", "--port", str(port)],
                              ["pretrain", "recipe.yaml", f"metrics.dashboard_port={port}"]):
                    run = subprocess.run([sys.argv[1]] + words, capture_output=True, text=True)
                    assert run.returncode == 1, run
                    assert "cannot listen: expected a free port" in run.stderr, run
                """
            let check = try await DistributedRun.of(
                command: [
                    "python3", "-c", command, DistributedRun.executable("swift-llm-train"),
                ], seconds: 60, folder: workspace.path)
            #expect(check.exitCode == 0, "\(check.output)\(check.errors)")
            #expect(!workspace.exists("run/checkpoints/step-00000020"))
        }

        @Test func aDashboardNeedsRunsAndATokenThatNobodyGuesses() async throws {
            let workspace = try Workspace()
            for (arguments, line) in [
                ("dashboard nowhere", "there are no runs: expected a folder, got nothing"),
                ("dashboard . --token short", "--token: expected 16 letters and digits or more"),
                ("dashboard . --port 70000", "--port: expected 0 to 65535, got 70000"),
            ] {
                let run = try await workspace.run(arguments)
                #expect(run.exitCode == 64)
                #expect(run.errors.hasPrefix("swift-llm-train: " + line), "\(run.errors)")
            }
        }
    }
}
