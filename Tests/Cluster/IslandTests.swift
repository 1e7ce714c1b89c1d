import DistributedRuns
import Foundation
import Testing

extension Cluster {
    /// Two hosts that are two islands.
    @Suite(
        .enabled(if: TestCluster.obstacle == nil, Comment(rawValue: TestCluster.obstacle ?? "")))
    struct IslandTests {
        private static let keys =
            "train.islands=2 train.lanes=8 model.embedding_size=128 train.steps=40 "
            + "checkpoint.every_steps=0 outer.fragments=2 outer.delay_steps=2 "

        /// A gradient goes over the link twice in each step, a difference twice in 20.
        @Test func islandsSendATwentiethOfTheGradientsAndTheSameBitsOverASlowLink() async throws {
            try await TestCluster.withHosts(2) { cluster in
                let islands = Self.keys + "outer.every_steps=20 output="
                let near = try await DistributedRun.of(
                    "swift-llm-train",
                    "pretrain --config recipe.yaml \(islands)near".split(separator: " ")
                        .map(String.init),
                    ranks: 2, seconds: 180, folder: cluster.folder.path)
                #expect(near.exitCode == 0, "\(near.errors)")
                // The weights at the start and the checkpoint cross the link in both.
                let start = try await cluster.traffic(of: islands + "start train.steps=1")
                let apart = try await cluster.traffic(of: islands + "apart") - start
                let whole =
                    try await cluster.traffic(
                        of: "train.lanes=8 model.embedding_size=128 train.steps=40 "
                            + "checkpoint.every_steps=0 output=whole") - start
                #expect(apart < 0.1 * whole, "\(apart) of \(whole) bytes")
                try await cluster.hosts(
                    "shape", "rate", "5mbit", "burst", "16kb", "latency", "1s")
                let far = try await cluster.pretrain(islands + "far")
                #expect(far.exitCode == 0, "\(far.errors)")
                #expect(try cluster.weights("far") == cluster.weights("near"))
                #expect(try cluster.weights("apart") == cluster.weights("near"))
            }
        }

        /// No machine comes to the end of it before the second host is back.
        @Test func aLostIslandIsLeftOutAndComesBack() async throws {
            try await TestCluster.withHosts(2) { cluster in
                let keys =
                    "recipe.yaml train.islands=2 train.lanes=8 train.steps=1000000 "
                    + "outer.every_steps=4 outer.fragments=2 outer.delay_steps=1"
                async let supervised = cluster.run(
                    on: "node1",
                    "{ PROGRAM supervise --hostfile hostfile --agent ./agent "
                        + "--interface eth0 --return-seconds 1 "
                        + "--mpirun-option='\(TestCluster.network)' \(keys) & } ; "
                        + "echo $! > supervise.pid; wait $!")
                // Some checkpoints are there by then.
                #expect(try await cluster.reaches(30, in: "run"))
                try await cluster.hosts("cut", "node2")
                let left = "1 rank from step"
                #expect(try await cluster.waits { try log(of: cluster).contains(left) })
                let before = try cluster.folder.text("run/metrics.jsonl").count(where: \.isNewline)
                #expect(try await cluster.reaches(before + 5, in: "run"))
                try await cluster.hosts("mend", "node2")
                let back = "supervise: the run has saved, since a lost island is back"
                #expect(try await cluster.waits { try log(of: cluster).contains(back) })
                let end = "2 ranks as 2 islands from step"
                #expect(
                    try await cluster.waits {
                        try log(of: cluster).components(separatedBy: end).count == 3
                    })
                let lines = try cluster.folder.text("run/metrics.jsonl").count(where: \.isNewline)
                #expect(try await cluster.reaches(lines + 5, in: "run"))
                let pid = try cluster.folder.text("supervise.pid")
                kill(try #require(pid_t(pid.trimmingCharacters(in: .newlines))), SIGTERM)
                let run = try await supervised
                #expect(run.exitCode == 75, "\(run.errors)")
                #expect(run.errors.contains("from here on all ranks train as one"))
                #expect(run.errors.contains("its 2 begin from the weights in common"))
            }
        }

        private func log(of cluster: TestCluster) throws -> String {
            (try? cluster.folder.text("run/supervise.log")) ?? ""
        }
    }
}
