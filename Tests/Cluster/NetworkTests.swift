import Collectives
import DistributedRuns
import Foundation
import ModelFiles
import Models
import Testing
import Training

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

        /// Two ranks on each of two hosts: a slice crosses the network once a host and way, not once a
        /// rank.
        @Test func theRanksOfAHostSendTheirGradientsOnceAndGiveTheSameBits() async throws {
            try await TestCluster.withHosts(2) { cluster in
                try cluster.folder.write("node1 slots=2\nnode2 slots=2\n", to: "hostfile")
                // Few checkpoints and many steps: it is their gradients that cross the network.
                let keys =
                    "model.embedding_size=128 train.lanes=8 train.steps=20 "
                    + "checkpoint.every_steps=0 output="
                let alone = try await cluster.run("pretrain --config recipe.yaml \(keys)alone")
                #expect(alone.exitCode == 0, "\(alone.errors)")

                let apart = try await cluster.traffic(
                    of: keys + "apart train.node_memory=private", prints: "4 ranks")
                // The weights at the start cross it too: the shares are a little larger.
                for (name, options, more, share) in [
                    ("together", "", "", 0.5), ("whole", "", "optimizer_sharding=none", 0.5),
                    // Lanes that are not neighbours travel one by one, but their sum once.
                    ("dealt", "--map-by node", "", 0.75),
                    ("halved", "", "gradient_dtype=bf16 train.optimizer_sharding=none", 0.25),
                ] {
                    let bytes = try await cluster.traffic(
                        of: keys + name + (more.isEmpty ? "" : " train." + more), options,
                        prints: "train.node_memory: shared on each of 2 nodes of 2 ranks")
                    #expect(bytes < (share + 0.05) * apart, "\(name): \(bytes) of \(apart) bytes")
                    guard name != "halved" else { continue }
                    #expect(try cluster.weights(name) == cluster.weights("alone"), "\(name)")
                }
                #expect(try cluster.weights("apart") == cluster.weights("alone"))
            }
        }

        /// What `TrainingSize.cost` says of a step, and 7 % for headers, acknowledgements and the norm.
        @Test(arguments: ["zero1", "none"])
        func theBytesOfAStepAreThoseOfTheFormula(sharding: String) async throws {
            try await TestCluster.withHosts(2) { cluster in
                try cluster.folder.write("node1 slots=2\nnode2 slots=2\n", to: "hostfile")
                let keys =
                    "model.embedding_size=256 train.lanes=4 checkpoint.every_steps=0 "
                    + "train.optimizer_sharding=\(sharding) output="
                let short = try await cluster.traffic(of: keys + "short train.steps=10")
                let long = try await cluster.traffic(of: keys + "long train.steps=40")

                var train = TrainOptions()
                train.optimizerSharding = sharding == "zero1" ? .zero1 : .none
                let cost = try TrainingSize(
                    model: ModelDirectory(reading: cluster.folder("long/checkpoints/latest")).model,
                    plan: ParameterPlan(), train: train, laneCount: 4,
                    hosts: HostMap(labels: [0, 0, 1, 1]), roundsWeights: false,
                    isValidated: false, checkpoint: nil
                ).cost(ofNode: 0)
                let wanted = Double(cost.sentBytes + cost.receivedBytes)
                let bytes = (long - short) / 30
                #expect(bytes > wanted && bytes < 1.07 * wanted, "\(bytes) for \(wanted)")
            }
        }

        /// One node's /dev/shm has a megabyte to spare: all ranks hear of it, and send messages.
        @Test func aNodeWithLittleSharedMemoryMakesAllNodesSendMessages() async throws {
            try await TestCluster.withHosts(2) { cluster in
                try cluster.folder.write("node1 slots=2\nnode2 slots=2\n", to: "hostfile")
                let keys = "model.embedding_size=128 train.lanes=4 train.steps=2 output="
                let alone = try await cluster.run("pretrain --config recipe.yaml \(keys)alone")
                #expect(alone.exitCode == 0, "\(alone.errors)")
                try cluster.giveSharedMemory(to: "node2", megabytes: 33)
                let near = try await cluster.pretrain(keys + "near")
                #expect(near.exitCode == 0, "\(near.errors)")
                #expect(near.output.contains("train.node_memory: private, since it takes "))
                #expect(near.output.contains(" on the node of rank 2, which has "))
                #expect(try cluster.weights("near") == cluster.weights("alone"))
            }
        }

        /// Another program takes the rest of one node's /dev/shm in the middle of a run.
        @Test(arguments: ["none", "zero1"])
        func aNodeWhoseSharedMemoryFillsUpEndsNoRun(sharding: String) async throws {
            try await TestCluster.withHosts(2) { cluster in
                try cluster.folder.write("node1 slots=2\nnode2 slots=2\n", to: "hostfile")
                let keys = "train.lanes=4 train.steps=300 checkpoint.every_steps=100 output="
                let alone = try await cluster.run("pretrain --config recipe.yaml \(keys)alone")
                #expect(alone.exitCode == 0, "\(alone.errors)")
                let (metrics, filled) = (
                    cluster.folder("full/metrics.jsonl"), cluster.folder("filled")
                )
                try cluster.giveSharedMemory(
                    to: "node2", megabytes: 100,
                    andThen: """
                        for ((n = 0; n < 3000; n++)); do
                            if (($(cat \(metrics) 2> /dev/null | wc -l) >= 20)); then break; fi
                            sleep 0.05
                        done
                        cat /dev/zero > /dev/shm/filler
                        df --output=avail /dev/shm > \(filled)
                        """)
                let full = try await cluster.pretrain(
                    keys + "full train.optimizer_sharding=\(sharding)")
                #expect(full.exitCode == 0, "\(full.errors)")
                #expect(full.output.contains("train.node_memory: shared on each of 2 nodes"))
                #expect(try cluster.folder.text("filled").hasSuffix(" 0\n"))
                #expect(try cluster.steps(of: "full").count == 300)
                #expect(try cluster.weights("full") == cluster.weights("alone"))
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
    /// Gives a host a /dev/shm of its own, of which MPI's messages may take 32 MB.
    ///
    /// - Parameter script: what runs there beside each command.
    fileprivate func giveSharedMemory(
        to host: String, megabytes: Int, andThen script: String = ":"
    ) throws {
        let agent = try folder.text("agent")
        let mount = """
            if [[ $0 == \(host) ]]; then
                mount -t tmpfs -o size=\(megabytes)m tmpfs /dev/shm
                (\(script)) < /dev/null > /dev/null 2>&1 &
            fi

            """
        let changed = agent.replacing("bash -c 'hostname", with: "bash -c '\(mount)hostname")
        #expect(changed != agent)
        try folder.write(changed, to: "agent")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: folder("agent"))
    }

    /// The bytes that cross the link of the first host in a run.
    func traffic(
        of arguments: String, _ options: String = "", prints line: String = " ranks"
    ) async throws -> Double {
        func count() async throws -> Double {
            let counters = try await run(
                on: "node1", "cat /sys/class/net/eth0/statistics/?x_bytes")
            return counters.output.split(whereSeparator: \.isWhitespace)
                .compactMap { Double($0) }.reduce(0, +)
        }
        let before = try await count()
        let job = try await pretrain(arguments, options)
        #expect(job.exitCode == 0, "\(job.errors)")
        #expect(job.output.contains(line))
        return try await count() - before
    }

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
