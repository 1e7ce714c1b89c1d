import DistributedRuns
import Foundation
import Machine
import Testing

extension Jobs {
    /// Which processors runs keep to. Wants two; those of another program are none of this one's.
    @Suite(
        .enabled(if: ProcessorSet.inherited.count >= 2, "there is one processor"))
    struct ProcessorRunTests {
        private static let first = ProcessorSet.inherited.numbers.first ?? 0
        private static let program = DistributedRun.executable("swift-llm-train")

        private func run(
            _ launcher: String, _ keys: String, in workspace: Workspace,
            environment: [String: String] = [:]
        ) async throws -> DistributedRun {
            let command =
                "\(launcher) \(Self.program) pretrain --config recipe.yaml "
                + "checkpoint.every_steps=0 evaluate.every_steps=0 \(keys)"
            return try await DistributedRun.of(
                command: command.split(separator: " ").map(String.init), seconds: 180,
                environment: environment, folder: workspace.path)
        }

        @Test func aRankWithMoreThreadsThanProcessorsIsRefused() async throws {
            let workspace = try await Workspace.prepared()
            for launcher in ["taskset -c \(Self.first)", "mpirun -n 1"] {
                let job = try await run(
                    launcher, "train.threads_per_rank=2 train.oversubscribe=false", in: workspace)
                #expect(job.exitCode == 64, "\(job.errors)")
                #expect(job.messages.count == 1)
                let message = job.messages.first ?? ""
                #expect(message.contains("expected at most 1, for a rank that may use processor "))
                #expect(!workspace.exists("run"))
            }
        }

        @Test func eightThreadsTakeTurnsWhereTheyMay() async throws {
            let workspace = try await Workspace.prepared()
            let alone = try await workspace.pretrain("alone")
            let eight = try await workspace.pretrain(
                "eight", "train.threads_per_rank=8 train.oversubscribe=true")
            let ranks = try await workspace.pretrain(
                "ranks", "train.threads_per_rank=4 train.oversubscribe=true", ranks: 2)
            for run in [eight, ranks] {
                #expect(try run.weights(20) == alone.weights(20))
                #expect(try run.steps() == alone.steps())
            }
        }

        /// By the log, and by what the system says of the threads.
        @Test func whatWasGrantedIsNeverWidened() async throws {
            let workspace = try await Workspace.prepared()
            let job = try await run(
                "taskset -c \(Self.first)", "train.threads_per_rank=null", in: workspace)
            #expect(job.exitCode == 0, "\(job.errors)")
            #expect(job.output.contains("\n1 rank of 1 thread, "), "\(job.output)")
            let watched = try await threads(
                "taskset -c \(Self.first)", "train.threads_per_rank=2 output=bound", in: workspace)
            #expect(watched == ["rank 0: \(Self.first), threads \(Self.first)"])
        }

        @Test func eachThreadHasAProcessor() async throws {
            let workspace = try await Workspace.prepared()
            let cores = ProcessorMap.ofMachine.cores(of: .inherited)
            try #require(cores.count >= 2)
            let watched = try await threads("", "train.threads_per_rank=2", in: workspace)
            let second = ProcessorSet(cores[1].processors)
            #expect(watched == ["rank 0: \(ProcessorSet.inherited), threads \(second)"])
        }

        @Test func ranksShareOutTheCores() async throws {
            let workspace = try await Workspace.prepared()
            let map = ProcessorMap.ofMachine
            let shares = map.shares(of: [.inherited, .inherited]).map(\.processors)
            let watched = try await threads(
                "mpirun --oversubscribe --bind-to none -n 2",
                "train.threads_per_rank=2 train.oversubscribe=true", in: workspace, ranks: 2)
            let all = ProcessorSet.inherited
            let wanted = shares.map { $0.count >= 2 ? $0 : all }
            #expect(watched.count == 2)
            for (line, share) in zip(watched, wanted) {
                #expect(line.contains(": \(share), threads "), "\(line)")
            }
        }

        /// The lines of Tests/Scripts/thread-processors, which ends the run.
        private func threads(
            _ launcher: String, _ keys: String, in workspace: Workspace, ranks: Int = 1
        ) async throws -> [String] {
            let job = try await run(
                "\(StopTests.checkout)/Tests/Scripts/thread-processors \(ranks) \(launcher)",
                "\(keys) train.steps=1000000", in: workspace)
            #expect(job.exitCode == 0, "\(job.errors)")
            return job.output.split(separator: "\n").map(String.init)
                .filter { $0.hasPrefix("rank ") && $0.contains(", threads ") }
        }

        /// A system that lets no thread be bound.
        @Test func aRefusalOfTheSystemIsTold() async throws {
            let workspace = try await Workspace.prepared()
            let shim = try await workspace.shim(
                """
                #include <errno.h>
                #include <stddef.h>
                int sched_setaffinity(int thread, size_t size, const void *set) {
                    errno = EPERM;
                    return -1;
                }
                """)
            let job = try await run(
                "", "train.threads_per_rank=2 train.steps=2", in: workspace,
                environment: ["LD_PRELOAD": shim])
            #expect(job.exitCode == 0, "\(job.errors)")
            #expect(
                (job.output + job.errors).contains(
                    "(sched_setaffinity: Operation not permitted)"), "\(job.output)\(job.errors)")
        }

        /// The scripts' numbers for a machine of 2 domains of 16 cores with two hardware threads each,
        /// and for smaller ones.
        @Test(arguments: [
            (domains: 2, cores: 32, threads: 2, ranks: "2"),
            (domains: 1, cores: 8, threads: 2, ranks: "8"),
            (domains: 1, cores: 12, threads: 1, ranks: "1"),
            (domains: 2, cores: 8, threads: 1, ranks: "8"),
        ])
        func scriptsStartARankACoreOrADomain(
            domains: Int, cores: Int, threads: Int, ranks: String
        ) async throws {
            let lines = (0..<cores * threads).map { processor in
                let core = processor % cores
                return "\(processor),\(core),0,\(core * domains / cores)"
            }
            let script = """
                source \(StopTests.checkout)/launch/common.sh
                allowed_processors() { printf '%s\\n' \(lines.joined(separator: " ")); }
                rank_count
                """
            let job = try await DistributedRun.of(command: [
                "bash", "-euo", "pipefail", "-c", script,
            ])
            #expect(job.output == ranks + "\n", "\(job.errors)")
        }
    }
}
