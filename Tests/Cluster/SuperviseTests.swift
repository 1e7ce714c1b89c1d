import DistributedRuns
import Foundation
import Testing

extension Cluster {
    /// Runs that go on by themselves.
    @Suite struct SuperviseTests {
        @Test(
            .enabled(
                if: TestCluster.obstacle == nil, Comment(rawValue: TestCluster.obstacle ?? "")))
        func aRunThatLosesAHostForGoodEndsOnTheOthersWithTheSameBits() async throws {
            try await TestCluster.withHosts(3) { cluster in
                // Ten times what passes until the link is cut.
                let keys = "recipe.yaml train.steps=400"
                let whole = try await cluster.run(
                    "pretrain --config \(keys) output=whole train.lanes=3")
                #expect(whole.exitCode == 0)
                async let supervised = cluster.run(
                    on: "node1",
                    "PROGRAM supervise --hostfile hostfile --agent ./agent --interface eth0 "
                        + "--mpirun-option='\(TestCluster.network)' \(keys)")
                #expect(try await cluster.reaches(7, in: "run"))
                try await cluster.hosts("cut", "node3")
                let run = try await supervised
                #expect(run.exitCode == 0, "\(run.output) \(run.errors)")
                #expect(try cluster.weights("run") == cluster.weights("whole"))

                let log = try cluster.folder.text("run/supervise.log")
                for line in [
                    "supervise: 3 ranks from step 0, on node1 (1), node2 (1), node3 (1)",
                    "lost the connection to node3",
                    "warning: supervise: node3 is left out: no route to node3",
                    "supervise: restart 1 of 10 in 1 s; the run goes on from step ",
                    "on node1 (1), node2 (1)\n", "supervise: the run is done",
                ] { #expect(log.contains(line), "\(line) is not in \(log)") }
            }
        }

        /// No machine comes to the end of it before the fault.
        private static let longRun =
            "recipe.yaml train.steps=1000000 checkpoint.keep_last=2"

        /// It goes on for ten steps or more after the fault.
        @Test func aKilledRankIsStartedAgainWithTheSameBits() async throws {
            let cluster = try await TestCluster()
            try cluster.folder.write("localhost slots=2\n", to: "hosts")
            async let supervised = cluster.run(
                "supervise --hostfile hosts \(Self.longRun)",
                signal: DistributedRun.Signal("TERM", when: "[[ -e enough ]]"))
            #expect(try await cluster.reaches(7, in: "run"))
            let rank = try #require(cluster.process(ofRank: 1))
            kill(rank, SIGKILL)
            #expect(try await cluster.logs("restart 1 of 10 in 1 s"))
            let steps = try cluster.folder.text("run/metrics.jsonl").count(where: \.isNewline)
            #expect(try await cluster.reaches(steps + 10, in: "run"))
            try cluster.folder.write("", to: "enough")
            let run = try await supervised
            #expect(run.exitCode == 75, "\(run.errors)")
            #expect(run.errors.contains("exit code 137: rank 1 with PID"))

            let latest = try FileManager.default.destinationOfSymbolicLink(
                atPath: cluster.folder("run/checkpoints/latest"))
            let end = try #require(Int(latest.suffix(8)))
            let whole = try await cluster.run(
                "pretrain --config \(Self.longRun) output=whole train.lanes=2 "
                    + "train.stop_after_steps=\(end)")
            #expect(whole.exitCode == 0, "\(whole.errors)")
            #expect(try cluster.weights("run") == cluster.weights("whole"))
        }

        /// mpirun is its only child.
        @Test func noRankOutlivesAKilledSupervisor() async throws {
            let cluster = try await TestCluster()
            try cluster.folder.write("localhost slots=2\n", to: "hosts")
            let run = try await cluster.run(
                "supervise --hostfile hosts \(Self.longRun)",
                signal: DistributedRun.Signal(
                    "KILL", afterLines: 7, of: cluster.folder("run/metrics.jsonl")))
            #expect(run.exitCode == 137)
            #expect(try #require(run.secondsToEnd) < 10)
            #expect(cluster.process(ofRank: 0) == nil && cluster.process(ofRank: 1) == nil)
        }

        @Test func withoutMPITheRemedyIsNamed() async throws {
            let cluster = try await TestCluster()
            try cluster.folder.write("localhost slots=2\n", to: "hosts")
            let program = DistributedRun.executable("swift-llm-train")
            let run = try await DistributedRun.of(
                command: [
                    "env", "PATH=/", program, "supervise", "--hostfile", "hosts", "recipe.yaml",
                ],
                folder: cluster.folder.path)
            #expect(run.exitCode == 1)
            #expect(run.messages.last?.contains("cannot start mpirun") == true, "\(run.errors)")
            #expect(run.messages.last?.contains("apt-get install openmpi-bin") == true)
        }

        @Test func aRunThatAlwaysFailsIsGivenUp() async throws {
            let cluster = try await TestCluster()
            try cluster.folder.write("localhost slots=2\n", to: "hosts")
            let run = try await cluster.run(
                "supervise --hostfile hosts --restarts 1 recipe.yaml data.train=absent")
            #expect(run.exitCode == 1)
            #expect(
                run.messages.last
                    == "swift-llm-train: supervise gave up after 1 restart: got exit code 1 at "
                    + "step 0 (run); see supervise.log and log.txt there, then go on with --resume")
        }

        @Test func aWrongRecipeAndAWrongKeyAreRefusedAtOnce() async throws {
            let cluster = try await TestCluster()
            try cluster.folder.write("localhost slots=2\n", to: "hosts")
            for (keys, line) in [
                ("train.stepz=3", "unknown key train.stepz"),
                // Known only when the run has read its shards.
                ("model.vocabulary_size=5", "model.vocabulary_size is smaller"),
            ] {
                let run = try await cluster.run("supervise --hostfile hosts recipe.yaml \(keys)")
                #expect(run.exitCode == 64)
                #expect(run.errors.contains(line))
                #expect(!run.output.contains("restart"))
            }
        }

        @Test(arguments: [
            (
                "node1\n",
                "the hostfile does not say how many ranks a host runs: expected a line such as "
                    + "node1 slots=16, got node1 (hosts:1)"
            ),
            (
                "# two\na slots = 2\na slots=3\n",
                "the host a stands twice (hosts:3); add up its slots in one line"
            ),
            (
                "# none\n",
                "the hostfile names no host: expected lines such as node1 slots=16 (hosts)"
            ),
        ])
        func aHostfileThatCannotBeMeantIsRefused(text: String, line: String) async throws {
            let cluster = try await TestCluster()
            try cluster.folder.write(text, to: "hosts")
            let run = try await cluster.run("supervise --hostfile hosts recipe.yaml")
            #expect(run.exitCode == 64)
            #expect(run.errors == "swift-llm-train: \(line)\n")
        }

        @Test func aStopIsPassedOnAndExits75() async throws {
            let cluster = try await TestCluster()
            try cluster.folder.write("localhost slots=2\n", to: "hosts")
            let run = try await cluster.run(
                "supervise --hostfile hosts \(Self.longRun)",
                signal: DistributedRun.Signal(
                    "TERM", afterLines: 7, of: cluster.folder("run/metrics.jsonl")))
            #expect(run.exitCode == 75, "\(run.errors)")
            #expect(run.output.contains("supervise: stopped by SIGTERM at step "))
            #expect(cluster.process(ofRank: 0) == nil)
        }

        /// While mpirun starts, before there are ranks, while they load, and as they train.
        @Test(arguments: ["TERM", "INT", "HUP", "USR1"])
        func noStopIsLostWhileTheRunStarts(name: String) async throws {
            for milliseconds in [0, 90, 300, 700] {
                let cluster = try await TestCluster()
                try cluster.folder.write("localhost slots=2\n", to: "hosts")
                let run = try await cluster.run(
                    "supervise --hostfile hosts \(Self.longRun)",
                    signal: DistributedRun.Signal(
                        name, milliseconds: milliseconds, when: "[[ -s run/supervise.log ]]"))
                #expect(run.exitCode == 75, "\(milliseconds) ms: \(run.errors)")
                #expect(cluster.process(ofRank: 0) == nil)
            }
        }

        /// Nobody can be asked, and mpirun is never started.
        @Test func aHostThatDoesNotAnswerInTimeIsLeftOut() async throws {
            let cluster = try await TestCluster()
            try cluster.folder.write("far slots=4\n", to: "hosts")
            try cluster.folder.write("#!/bin/sh\nexec sleep 600\n", to: "agent")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: cluster.folder("agent"))
            let run = try await cluster.run(
                "supervise --hostfile hosts --agent ./agent --probe-seconds 1 --restarts 0 "
                    + "recipe.yaml")
            #expect(run.exitCode == 1)
            #expect(run.errors.contains("far is left out: no answer within 1 s"))
            #expect(run.errors.contains("supervise gave up"))
        }
    }
}

extension TestCluster {
    /// Waits until the supervisor has said `words`; false after three minutes.
    fileprivate func logs(_ words: String) async throws -> Bool {
        try await waits { try folder.text("run/supervise.log").contains(words) }
    }

    /// The process of a rank of a run in this folder.
    fileprivate func process(ofRank rank: Int) -> pid_t? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.first { process in
            let variables =
                FileManager.default.contents(atPath: "/proc/\(process)/environ") ?? Data()
            let place = try? FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/\(process)/cwd")
            return place == URL(filePath: folder.path).resolvingSymlinksInPath().path
                && variables.split(separator: 0).contains(
                    Data("OMPI_COMM_WORLD_RANK=\(rank)".utf8))
        }
    }
}
