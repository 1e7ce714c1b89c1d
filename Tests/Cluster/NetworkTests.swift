import DistributedRuns
import Foundation
import Testing

extension Cluster {
    /// Three hosts, each with a network of its own.
    @Suite(
        .enabled(if: TestCluster.obstacle == nil, Comment(rawValue: TestCluster.obstacle ?? "")))
    struct NetworkTests {
        @Test func threeHostsGiveTheBitsOfOneAlsoOverASlowNetwork() async throws {
            try await TestCluster.withHosts(3) { cluster in
                let keys = "train.lanes=8 train.steps=10 output="
                let alone = try await cluster.run("pretrain --config recipe.yaml \(keys)alone")
                #expect(alone.exitCode == 0, "\(alone.errors)")
                let near = try await cluster.pretrain(keys + "near")
                #expect(near.exitCode == 0, "\(near.errors)")
                #expect(near.output.contains("3 ranks"))
                // A step sends more than a burst, which then takes a tenth of a second.
                try await cluster.hosts(
                    "shape", "rate", "2mbit", "burst", "16kb", "latency", "1s")
                let far = try await cluster.pretrain(keys + "far")
                #expect(far.exitCode == 0, "\(far.errors)")
                #expect(try cluster.weights("near") == cluster.weights("alone"))
                #expect(try cluster.weights("far") == cluster.weights("alone"))
            }
        }

        /// Keepalive takes 5 seconds; the rest is for two loaded cores.
        @Test func aCutLinkEndsTheJobOnAllHosts() async throws {
            try await TestCluster.withHosts(3) { cluster in
                async let run = cluster.pretrain("train.steps=1000000 checkpoint.every_steps=0")
                #expect(try await cluster.reaches(3, in: "run"))
                let start = ContinuousClock.now
                try await cluster.hosts("cut", "node3")
                let end = try await run
                #expect(end.exitCode != 0 && end.exitCode != 124)
                #expect(end.errors.contains("on node node3"))
                #expect(ContinuousClock.now - start < .seconds(90))
                try await cluster.hosts("mend", "node3")
                for host in ["node1", "node2", "node3"] {
                    #expect(try await cluster.areRanksGone(from: host), "\(host)")
                }
            }
        }
    }
}

extension TestCluster {
    /// Whether no rank is left on a host within half a minute.
    fileprivate func areRanksGone(from host: String) async throws -> Bool {
        let namespace = try folder.text("prefix").trimmingCharacters(in: .newlines) + "-" + host
        for _ in 0..<150 {
            let run = try await DistributedRun.of(command: ["ip", "netns", "pids", namespace])
            if run.output.isEmpty { return true }
            try await Task.sleep(for: .milliseconds(200))
        }
        return false
    }
}
