import DistributedRuns
import Foundation
import Testing

extension Cluster {
    /// A real sshd on each host, with keys of its own, and launch/cluster.
    @Suite(.enabled(if: RealComponents.areWanted, RealComponents.reason)) struct SSHTests {
        private static let keys = "pretrain --config recipe.yaml train.lanes=4 "

        @Test func aRunOverSSHHasTheBitsOfOneProcess() async throws {
            try await TestCluster.withService("ssh", hosts: 3) { cluster in
                let alone = try await cluster.run(Self.keys + "output=alone")
                #expect(alone.exitCode == 0, "\(alone.errors)")
                let run = try await cluster.launch(Self.keys + "output=run")
                #expect(run.exitCode == 0, "\(run.errors)")
                #expect(run.output.contains("3 ranks"))
                #expect(try cluster.weights("run") == cluster.weights("alone"))
                for host in ["node2", "node3"] {
                    let log = try cluster.folder.text("\(host)/sshd.log")
                    #expect(log.contains("Accepted publickey for"), "\(log)")
                }
            }
        }

        @Test func aStopReachesTheHostsAndTheRunGoesOn() async throws {
            try await TestCluster.withService("ssh", hosts: 2) { cluster in
                let keys = Self.keys + "checkpoint.every_steps=0 train.steps=1000000 output="
                for start in 1...2 {
                    let run = try await cluster.launch(
                        keys + "run --resume",
                        signal: DistributedRun.Signal(
                            "TERM", afterLines: 20 * start,
                            of: cluster.folder("run/metrics.jsonl")))
                    #expect(run.exitCode == 75, "\(run.errors)")
                    #expect(run.errors.contains("the run has saved and stopped"))
                }
                let end = try cluster.lastStep(of: "run")
                let alone = try await cluster.run(keys + "alone train.stop_after_steps=\(end)")
                #expect(alone.exitCode == 0, "\(alone.errors)")
                #expect(try cluster.weights("run") == cluster.weights("alone"))
            }
        }

        /// Before mpirun starts, with one line that names each of them.
        @Test func hostsThatDoNotAnswerAreNamed() async throws {
            try await TestCluster.withService("ssh", hosts: 2) { cluster in
                try cluster.folder.write("node1 slots=1\nnode7 slots=1\n", to: "hostfile")
                let unknown = try await cluster.launch(Self.keys)
                #expect(unknown.exitCode == 1)
                #expect(unknown.messages.count == 1)
                #expect(unknown.errors.contains("got node7: ssh: Could not resolve hostname"))

                try cluster.folder.write("node1 slots=1\nnode2 slots=1\n", to: "hostfile")
                try await cluster.hosts("cut", "node2")
                let cut = try await cluster.launch(Self.keys)
                #expect(cut.exitCode == 1)
                #expect(cut.messages.count == 1)
                #expect(cut.errors.contains("got node2: "), "\(cut.errors)")
            }
        }

        /// The real ssh is also what `supervise` asks its hosts by.
        @Test func superviseGoesOnOverSSHWithoutAHost() async throws {
            try await TestCluster.withService("ssh", hosts: 3) { cluster in
                let keys = "recipe.yaml train.steps=400 output="
                let alone = try await cluster.run("pretrain --config \(keys)alone train.lanes=3")
                #expect(alone.exitCode == 0, "\(alone.errors)")
                async let supervised = cluster.enter(
                    "node1", "$SWIFT_LLM_TRAIN supervise --hostfile hostfile \(keys)run",
                    seconds: 270)
                #expect(try await cluster.reaches(7, in: "run"))
                try await cluster.hosts("cut", "node3")
                let run = try await supervised
                #expect(run.exitCode == 0, "\(run.output) \(run.errors)")
                #expect(try cluster.weights("run") == cluster.weights("alone"))
                let log = try cluster.folder.text("run/supervise.log")
                #expect(log.contains("node3 is left out: "), "\(log)")
            }
        }
    }
}

extension TestCluster {
    /// Starts launch/cluster on the first host.
    fileprivate func launch(
        _ arguments: String, signal: DistributedRun.Signal? = nil
    ) async throws -> DistributedRun {
        try await enter(
            "node1", "launch/cluster hostfile \(arguments)", seconds: 180,
            environment: ["INTERFACE": "eth0"], signal: signal)
    }
}
