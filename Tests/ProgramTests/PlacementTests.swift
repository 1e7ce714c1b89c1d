import DistributedRuns
import Foundation
import Testing

extension Jobs {
    /// `data.placement: local`: hosts, which folders of this machine play, with shards of their own.
    @Suite struct PlacementTests {
        private static let keys = "data.placement=local evaluate.batches=2 "

        /// Four shards to train on, and one to validate.
        private static func prepared() async throws -> Workspace {
            let workspace = try Workspace(size: 100)
            let lines = (0..<165_000).map { "\($0 * 7919 % 1_000_003) days the king" }
            try workspace.write(lines.joined(separator: "\n"), to: "text.txt")
            try await workspace.succeed(
                "tokenizer train --kind character --input text.txt --output tokenizer.json")
            try await workspace.succeed(
                "prepare --input text.txt --tokenizer tokenizer.json --output parts "
                    + "--shard-megabytes 1 --validation-fraction 0.01")
            let names = try FileManager.default.contentsOfDirectory(atPath: workspace("parts"))
            #expect(names.count { $0.hasPrefix("train-") } == 4)
            return workspace
        }

        /// Makes the folder of a host that has these shards.
        private static func makeHost(
            _ workspace: Workspace, _ name: String, train: [Int], validates: Bool
        ) throws {
            let files = FileManager.default
            try files.createDirectory(
                atPath: workspace("\(name)/shards"), withIntermediateDirectories: true)
            let shards =
                train.map { "train-0000\($0).h5" } + (validates ? ["validation-00000.h5"] : [])
            for file in shards + ["index.json", "tokenizer.json"] {
                try files.copyItem(
                    atPath: workspace("parts/\(file)"), toPath: workspace("\(name)/shards/\(file)"))
            }
        }

        /// Runs a command on hosts, each with so many ranks.
        private static func run(
            _ workspace: Workspace, _ hosts: [(name: String, ranks: Int)], _ command: String
        ) async throws -> DistributedRun {
            let program = DistributedRun.executable("swift-llm-train")
            let arguments = command.split(separator: " ").map(String.init)
            var words = Array(DistributedRun.launcher.dropLast())
            for (index, host) in hosts.enumerated() {
                words += index == 0 ? [] : [":"]
                words += ["-n", "\(host.ranks)", "--wdir", workspace(host.name), program]
                words += arguments
            }
            return try await DistributedRun.of(command: words, seconds: 180)
        }

        private static func pretrain(
            _ workspace: Workspace, _ hosts: [(name: String, ranks: Int)], _ output: String,
            _ arguments: String = ""
        ) async throws -> RunFiles {
            let run = try await run(
                workspace, hosts,
                "pretrain --config \(workspace("recipe.yaml")) output=\(workspace(output)) "
                    + keys + arguments)
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(
                run.output.contains("each host with ") || run.errors.contains("each host with "))
            return RunFiles(path: workspace(output))
        }

        @Test func hostsWithTheirOwnShardsTrainWithTheSameBits() async throws {
            let workspace = try await Self.prepared()
            let whole = try await workspace.pretrain(
                "whole", "data.train=parts data.validation=parts evaluate.batches=2", ranks: 2)
            try Self.makeHost(workspace, "a", train: [0, 2], validates: false)
            try Self.makeHost(workspace, "b", train: [1, 3], validates: true)
            try Self.makeHost(workspace, "c", train: [3], validates: false)
            let worlds: [[(name: String, ranks: Int)]] = [
                [("a", 1), ("b", 1)], [("b", 2), ("a", 1)], [("c", 1), ("a", 2), ("b", 1)],
            ]
            for (number, hosts) in worlds.enumerated() {
                let run = try await Self.pretrain(workspace, hosts, "run-\(number)")
                #expect(try run.weights(20) == whole.weights(20), "\(hosts)")
                #expect(try run.moments(20) == whole.moments(20), "\(hosts)")
                #expect(try run.steps() == whole.steps(), "\(hosts)")
                #expect(try run.metrics("validation") == whole.metrics("validation"))
            }
            // On other hosts than before the stop, and with shards that all of them share.
            let stopped = try await Self.pretrain(
                workspace, worlds[0], "stopped", "train.stop_after_steps=10")
            let resumed = try await Self.run(
                workspace, worlds[2],
                "pretrain --config \(workspace("recipe.yaml")) output=\(workspace("stopped")) "
                    + Self.keys + "--resume")
            #expect(resumed.exitCode == 0, "\(resumed.errors)")
            #expect(try stopped.weights(20) == whole.weights(20))
        }

        @Test func evaluationIsThatOfSharedShards() async throws {
            let workspace = try await Self.prepared()
            try Self.makeHost(workspace, "a", train: [0, 1], validates: false)
            try Self.makeHost(workspace, "b", train: [2, 3], validates: true)
            let hosts = [(name: "a", ranks: 1), (name: "b", ranks: 1)]
            let run = try await Self.run(
                workspace, hosts,
                "run \(workspace("recipe.yaml")) output=\(workspace("run")) "
                    + "phases=[pretrain,evaluate] \(Self.keys) train.steps=2 "
                    + "optimizer.warmup_steps=0")
            #expect(run.exitCode == 0, "\(run.errors)")
            let line = run.output.split(separator: "\n").first { $0.contains("bits_per_byte") }
            let scores = try await workspace.succeed(
                "evaluate --model run/checkpoints/latest --data parts")
            let told = try #require(line)
            #expect(scores.output.contains(told), "\(told): \(scores.output)")
        }

        @Test func shardsThatNoHostHasAreNamedOnce() async throws {
            let workspace = try await Self.prepared()
            try Self.makeHost(workspace, "a", train: [0], validates: true)
            try Self.makeHost(workspace, "b", train: [2], validates: false)
            let run = try await Self.run(
                workspace, [("a", 1), ("b", 2)],
                "pretrain --config \(workspace("recipe.yaml")) output=\(workspace("run")) "
                    + Self.keys)
            #expect(run.exitCode == 1)
            #expect(run.messages.count == 1)
            #expect(
                run.errors.contains(
                    "token shards are missing on all hosts: expected each on one host at least, got "
                        + "none of the name train-00001.h5, train-00003.h5 (shards)"),
                "\(run.errors)")
        }
    }
}
