import DistributedRuns
import Foundation
import JSON
import Testing

extension Jobs {
    /// trace.json, which train.profile_steps makes.
    @Suite struct TraceTests {
        struct World: CustomTestStringConvertible {
            let ranks: Int?
            let keys: String
            /// What goes from rank to rank.
            let loads: [String]

            var testDescription: String { "\(ranks ?? 1) ranks, \(keys)" }
        }

        static let worlds = [
            World(ranks: nil, keys: "train.threads_per_rank=2", loads: []),
            World(
                ranks: 2, keys: "train.threads_per_rank=2 train.optimizer_sharding=zero1",
                loads: ["gradients of bucket 0", "weights of bucket 1"]),
            World(
                ranks: 3, keys: "train.node_memory=private train.optimizer_sharding=none",
                loads: ["gradients of bucket 1", "sum of bucket 0"]),
            World(
                ranks: 2, keys: "train.recompute=blocks train.node_memory=private",
                loads: ["gradients of bucket 0"]),
        ]

        private static let sizes =
            "model.embedding_size=128 train.steps=4 checkpoint.every_steps=2 evaluate.every_steps=2 "

        @Test(arguments: worlds)
        func allThreadsOfAllRanksAreShownAndTheBitsStay(_ world: World) async throws {
            let workspace = try await Workspace.prepared()
            let plain = try await workspace.pretrain("plain", Self.sizes + world.keys)
            let job = try await workspace.succeed(
                "pretrain --config recipe.yaml output=run train.profile_steps=4 " + Self.sizes
                    + world.keys, ranks: world.ranks)
            #expect(try RunFiles(path: workspace("run")).weights(4) == plain.weights(4))
            #expect(!workspace.exists("plain/trace.json"))

            let trace = try TraceCheck(workspace.bytes("run/trace.json"))
            #expect(trace.problems.isEmpty, "\(trace.problems.prefix(5))")
            let rankCount = world.ranks ?? 1
            #expect(trace.rankNames.keys.sorted() == Array(0..<rankCount))
            for rank in 0..<rankCount {
                let names = trace.names(ofRank: rank)
                for name in [
                    "step 1", "step 4", "data", "forward", "forward of block 0",
                    "forward of block 1", "backward", "backward of block 1", "optimizer", "norm",
                    "metrics", "validation", "checkpoint", "read the batch of step 2",
                    "write the checkpoint of step 2", "gradients of bucket 0 leave",
                ] { #expect(names.contains(name), "rank \(rank): \(name)") }
                for load in world.loads {
                    #expect(names.contains { $0.contains(load) }, "rank \(rank): \(load)")
                }
                let threads = trace.threadNames.filter { $0.key.rank == rank }.map { $0.value }
                #expect(Set(threads).isSuperset(of: ["training", "data", "checkpoints"]))
                #expect(threads.contains("compute 1") == world.keys.contains("threads_per_rank=2"))
            }
            #expect((trace.arrowCount > 0) == (rankCount > 1) && trace.travelCount > 0)
            let told = job.output + job.errors
            #expect(told.contains("where the time of 4 steps went"))
            #expect(told.contains("was the slowest: the others") == (rankCount > 1))
            try await expectReport(workspace, rankCount: rankCount)
        }

        private func expectReport(_ workspace: Workspace, rankCount: Int) async throws {
            try await workspace.succeed("report run")
            let page = String(decoding: try workspace.bytes("run/report.html"), as: UTF8.self)
            #expect(page.contains("Where the time of 4 steps went"))
            #expect(page.contains("was the slowest") == (rankCount > 1))
        }

        @Test func aResumedRunTracesItsOwnFirstSteps() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain(
                "run", Self.sizes + "train.profile_steps=2 train.stop_after_steps=2")
            let first = try TraceCheck(workspace.bytes("run/trace.json"))
            #expect(first.names(ofRank: 0).isSuperset(of: ["step 1", "step 2"]))
            let job = try await workspace.succeed(
                "pretrain --config recipe.yaml output=run --resume train.profile_steps=1 "
                    + Self.sizes, ranks: 2)
            let second = try TraceCheck(workspace.bytes("run/trace.json"))
            #expect(second.problems.isEmpty, "\(second.problems.prefix(5))")
            let steps = second.names(ofRank: 1).filter { $0.hasPrefix("step ") }
            #expect(steps == ["step 3"])
            #expect((job.output + job.errors).contains("in the traced steps rank "))
        }

        /// A name that is taken by a folder, as a disk without room, costs the trace alone.
        @Test func aTraceThatCannotBeWrittenEndsNoTraining() async throws {
            let workspace = try await Workspace.prepared()
            try FileManager.default.createDirectory(
                atPath: workspace("run/trace.json/full"), withIntermediateDirectories: true)
            let job = try await workspace.succeed(
                "pretrain --config recipe.yaml output=run train.profile_steps=2 " + Self.sizes,
                ranks: 2)
            #expect((job.output + job.errors).contains("no trace: "), "\(job.errors)")
            #expect(workspace.exists("run/checkpoints/step-00000004/model.safetensors"))
        }

        private static let isPossible: Bool = {
            guard let workspace = try? Workspace(size: 10),
                mount("none", workspace.path, "tmpfs", 0, "size=420k") == 0
            else { return false }
            umount2(workspace.path, Int32(MNT_DETACH))
            return true
        }()

        @Test(.enabled(if: isPossible, "needs the right to mount"))
        func aFullDiskEndsNoTraining() async throws {
            let workspace = try await Workspace.prepared()
            let path = workspace("run")
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
            try #require(mount("none", path, "tmpfs", 0, "size=420k") == 0)
            defer { umount2(path, Int32(MNT_DETACH)) }
            let job = try await workspace.succeed(
                "pretrain --config recipe.yaml train.steps=100 train.profile_steps=99 "
                    + "train.micro_batch_size=1 checkpoint.every_steps=0 evaluate.every_steps=0",
                ranks: 2)
            #expect((job.output + job.errors).contains("no trace: "), "\(job.errors)")
            #expect(!workspace.exists("run/trace.json"))
            #expect(workspace.exists("run/checkpoints/step-00000100/model.safetensors"))
        }
    }
}
