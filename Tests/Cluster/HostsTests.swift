import DistributedRuns
import Foundation
import Testing

extension Cluster {
    /// What `launch/cluster` asks before it starts a run.
    @Suite struct HostsTests {
        /// Runs `hosts`, and the script that asks it first; the folder is all they need.
        private func check(
            _ text: String, _ agent: String = "true", with options: String = ""
        ) async throws -> DistributedRun {
            let cluster = try await TestCluster()
            try cluster.folder.write(text, to: "hosts")
            try cluster.folder.write("#!/bin/sh\n\(agent)\n", to: "agent")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: cluster.folder("agent"))
            return try await cluster.run("hosts --agent ./agent \(options) hosts")
        }

        @Test func hostsThatAnswerAreCounted() async throws {
            let run = try await check("node1 slots=2\nnode2 slots=16 # the new one\n")
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.output == "2 hosts, 18 slots: node1 (2), node2 (16)\n")
        }

        @Test func hostsThatDoNotAnswerAreAllNamed() async throws {
            let run = try await check(
                "node1 slots=2\nnode2 slots=1\nnode3 slots=1\n",
                "case $1 in node1) ;; node2) echo no route >&2; exit 255;; *) sleep 60;; esac",
                with: "--probe-seconds 2")
            #expect(run.exitCode == 1)
            #expect(
                run.errors
                    == "swift-llm-train: not all hosts of the hostfile answer: got node2: no route, "
                    + "node3: no answer within 2 s (hosts); check the names, and that ssh reaches "
                    + "each host without a password\n")
        }

        @Test(arguments: [
            ("node1\n", "the hostfile does not say how many ranks a host runs: "),
            ("node1 slots=0\n", "the hostfile does not say how many ranks a host runs: "),
            ("a slots=1\nb slots=1\na slots=1\n", "the host a stands twice (HOSTS:3)"),
            ("# none\n", "the hostfile names no host"),
        ])
        func aHostfileThatCannotBeMeantIsRefusedByTheScript(
            text: String, line: String
        ) async throws {
            let cluster = try await TestCluster()
            let hostfile = cluster.folder("hosts")
            try cluster.folder.write(text, to: "hosts")
            let run = try await DistributedRun.of(
                command: [
                    RealComponents.launch + "/cluster", hostfile, "pretrain", "--config", "x",
                ],
                environment: ["SWIFT_LLM_TRAIN": DistributedRun.executable("swift-llm-train")],
                folder: cluster.folder.path)
            #expect(run.exitCode == 64)
            #expect(run.messages.count == 1)
            #expect(run.errors.contains(line.replacing("HOSTS", with: hostfile)), "\(run.errors)")
            #expect(!run.output.contains("mpirun"))
        }
    }
}
