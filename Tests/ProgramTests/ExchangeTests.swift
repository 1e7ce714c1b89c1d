import Collectives
import Testing

extension Jobs {
    /// How the ranks add up and share out what they hold is no matter of the weights.
    @Suite struct ExchangeTests {
        /// 400,000 weights: seven chunks in two buckets, so that slices lie across parameters. Lanes of
        /// 3 or 4 sequences are cut into micro-batches of 2.
        static let sizes =
            "model.embedding_size=128 train.steps=4 checkpoint.every_steps=0 evaluate.every_steps=0 "

        struct World: CustomTestStringConvertible {
            let lanes: Int
            let ranks: Int
            let threads: Int
            let sharding: String
            let memory: String

            var keys: String {
                "train.lanes=\(lanes) train.threads_per_rank=\(threads) "
                    + "train.optimizer_sharding=\(sharding) train.node_memory=\(memory)"
            }

            var testDescription: String { "\(ranks) ranks, \(keys)" }
        }

        static let worlds: [World] = [
            World(lanes: 8, ranks: 1, threads: 2, sharding: "zero1", memory: "shared"),
            World(lanes: 8, ranks: 2, threads: 1, sharding: "none", memory: "shared"),
            World(lanes: 8, ranks: 2, threads: 1, sharding: "auto", memory: "shared"),
            World(lanes: 8, ranks: 3, threads: 1, sharding: "auto", memory: "private"),
            World(lanes: 8, ranks: 2, threads: 2, sharding: "zero1", memory: "private"),
            World(lanes: 8, ranks: 3, threads: 1, sharding: "zero1", memory: "shared"),
            World(lanes: 8, ranks: 5, threads: 1, sharding: "none", memory: "private"),
            World(lanes: 8, ranks: 5, threads: 1, sharding: "zero1", memory: "shared"),
            World(lanes: 8, ranks: 8, threads: 1, sharding: "none", memory: "shared"),
            World(lanes: 8, ranks: 8, threads: 1, sharding: "zero1", memory: "private"),
            World(lanes: 6, ranks: 2, threads: 2, sharding: "zero1", memory: "shared"),
            World(lanes: 6, ranks: 3, threads: 1, sharding: "none", memory: "private"),
            World(lanes: 6, ranks: 4, threads: 1, sharding: "none", memory: "shared"),
            World(lanes: 6, ranks: 4, threads: 1, sharding: "zero1", memory: "private"),
            World(lanes: 6, ranks: 6, threads: 1, sharding: "zero1", memory: "shared"),
        ]

        @Test func everyWayOfExchangeGivesTheSameBits() async throws {
            let workspace = try await Workspace.prepared()
            let references = [
                6: try await workspace.pretrain("alone-6", Self.sizes + "train.lanes=6"),
                8: try await workspace.pretrain("alone-8", Self.sizes + "train.lanes=8"),
            ]
            for (index, world) in Self.worlds.enumerated() {
                let run = try await workspace.pretrain(
                    "run-\(index)", Self.sizes + world.keys, ranks: world.ranks)
                let reference = try #require(references[world.lanes])
                try expectEqual(run, reference, Comment(rawValue: world.testDescription))
            }
        }

        @Test func mixedPrecisionToo() async throws {
            let workspace = try await Workspace.prepared()
            let keys = Self.sizes + "train.precision=bf16 "
            let alone = try await workspace.pretrain("alone", keys)
            for (ranks, sharding, memory) in [
                (2, "zero1", "shared"), (3, "auto", "shared"), (2, "none", "shared"),
                (3, "zero1", "private"),
            ] {
                let run = try await workspace.pretrain(
                    "\(sharding)-\(memory)-\(ranks)",
                    keys + "train.optimizer_sharding=\(sharding) train.node_memory=\(memory)",
                    ranks: ranks)
                try expectEqual(run, alone, "\(ranks) ranks, \(sharding), \(memory)")
            }
        }

        @Test func aRecipeKeepsAutoAndTheRunSaysWhereItMeansNone() async throws {
            let workspace = try await Workspace.prepared()
            let line = "train.optimizer_sharding: none, since the ranks share no memory"
            for (memory, isTold) in [("shared", false), ("private", true)] {
                let job = try await workspace.succeed(
                    "pretrain --config recipe.yaml output=\(memory) train.steps=1 "
                        + "train.node_memory=\(memory)", ranks: 2)
                #expect((job.output + job.errors).contains(line) == isTold)
                let stored = try String(
                    contentsOfFile: workspace("\(memory)/recipe.yaml"), encoding: .utf8)
                #expect(stored.contains("optimizer_sharding: auto"))
            }
        }

        @Test func tcpGivesTheSameBits() async throws {
            let workspace = try await Workspace.prepared()
            let alone = try await workspace.pretrain("alone", Self.sizes)
            let ways = [("private", "none"), ("private", "zero1"), ("shared", "none")]
            for (memory, sharding) in ways {
                let run = try await workspace.pretrain(
                    "\(memory)-\(sharding)",
                    Self.sizes
                        + "train.node_memory=\(memory) train.optimizer_sharding=\(sharding)",
                    ranks: 3, environment: ["OMPI_MCA_btl": "tcp,self"])
                try expectEqual(run, alone, "\(memory), \(sharding)")
            }
        }

        @Test func otherKernelsToo() async throws {
            let workspace = try await Workspace.prepared()
            // AVX2 instead of AVX-512, whichever library multiplies.
            let kernels = ["DNNL_MAX_CPU_ISA": "AVX2", "OPENBLAS_CORETYPE": "Haswell"]
            let alone = try await workspace.pretrain("alone", Self.sizes, environment: kernels)
            let run = try await workspace.pretrain(
                "run", Self.sizes + "train.optimizer_sharding=zero1", ranks: 3,
                environment: kernels)
            try expectEqual(run, alone)
        }

        @Test func aRunGoesOnWithAnotherShardingOnAnotherNumberOfRanks() async throws {
            let workspace = try await Workspace.prepared()
            let whole = try await workspace.pretrain("whole", Self.sizes)
            let starts = [(4, "auto", "shared"), (2, "none", "shared"), (3, "zero1", "private")]
            for (step, (ranks, sharding, memory)) in starts.enumerated() {
                try await workspace.pretrain(
                    "run",
                    Self.sizes + "train.optimizer_sharding=\(sharding) train.node_memory=\(memory)"
                        + " train.stop_after_steps=\(step + 1)" + (step > 0 ? " --resume" : ""),
                    ranks: ranks)
            }
            let run = try await workspace.pretrain("run", Self.sizes + "--resume")
            try expectEqual(run, whole)
        }

        @Test(arguments: ["none", "zero1"])
        func oneRankMayWriteWhatAllKeep(sharding: String) async throws {
            let workspace = try await Workspace.prepared()
            let alone = try await workspace.pretrain("alone", Self.sizes)
            let run = try await workspace.pretrain(
                "run",
                Self.sizes + "checkpoint.io=gather train.optimizer_sharding=\(sharding)",
                ranks: 3)
            try expectEqual(run, alone)
        }

        @Test func gradientsOfHalfTheSizeTrainAsWell() async throws {
            let workspace = try await Workspace.prepared()
            let exact = try await workspace.pretrain("exact", "train.node_memory=private", ranks: 2)
            for sharding in ["none", "zero1"] {
                let command =
                    "pretrain --config recipe.yaml output=\(sharding) train.node_memory=private "
                    + "train.gradient_dtype=bf16 train.optimizer_sharding=\(sharding)"
                let job = try await workspace.succeed(command, ranks: 2)
                let line = "the weights depend on the number of ranks"
                #expect((job.output + job.errors).split(separator: line).count == 2)

                let run = RunFiles(path: workspace(sharding))
                #expect(try run.weights(20) != exact.weights(20))
                let difference = zip(try run.losses(), try exact.losses())
                    .map { abs($0 - $1) / $1 }.max()
                // A rounded gradient errs by 1/512 at most, and AdamW divides by its size.
                #expect(difference ?? 1 < 0.01)
            }
        }

        private func expectEqual(
            _ run: RunFiles, _ reference: RunFiles, _ comment: Comment? = nil,
            sourceLocation location: SourceLocation = #_sourceLocation
        ) throws {
            #expect(try run.weights(4) == reference.weights(4), comment, sourceLocation: location)
            #expect(try run.moments(4) == reference.moments(4), comment, sourceLocation: location)
            #expect(try run.steps() == reference.steps(), comment, sourceLocation: location)
        }
    }
}
