import Testing

extension Jobs {
    /// Runs with each rule of `optimizer.kind`.
    @Suite struct OptimizerRunTests {
        /// Ranks, and how they share the state and the memory.
        private static let worlds: [(ranks: Int, keys: String)] = [
            (1, "train.optimizer_sharding=none"), (2, "train.optimizer_sharding=none"),
            (2, "train.optimizer_sharding=zero1"), (3, "train.optimizer_sharding=zero1"),
            (3, "train.optimizer_sharding=zero1 train.node_memory=private"),
            (2, "train.optimizer_sharding=none train.node_memory=private"),
        ]

        @Test(arguments: ["muon", "schedule_free"])
        func runsHaveTheSameBitsOnAnyNumberOfRanks(kind: String) async throws {
            let workspace = try await Workspace.prepared()
            let keys = "optimizer.kind=\(kind)"
            let alone = try await workspace.pretrain("alone", keys)
            let losses = try alone.losses()
            #expect(losses.count == 20)
            #expect((losses.last ?? 9) < (losses.first ?? 0) - 0.2, "\(losses)")
            for (index, world) in Self.worlds.enumerated() {
                let run = try await workspace.pretrain(
                    "run-\(index)", "\(keys) \(world.keys)", ranks: world.ranks)
                try expectEqual(run, alone, "\(world)")
            }
        }

        @Test(arguments: ["muon", "schedule_free"])
        func aResumedRunEqualsTheUninterruptedOne(kind: String) async throws {
            let workspace = try await Workspace.prepared()
            let keys = "optimizer.kind=\(kind)"
            let whole = try await workspace.pretrain("whole", keys, ranks: 2)
            let worlds: [(from: Int?, to: Int?)] = [(2, 3), (nil, 2), (3, nil)]
            for (index, world) in worlds.enumerated() {
                let output = "run-\(index)"
                try await workspace.pretrain(
                    output, "\(keys) train.stop_after_steps=7", ranks: world.from)
                let run = try await workspace.pretrain(
                    output, "\(keys) --resume", ranks: world.to)
                try expectEqual(run, whole, "\(world)")
            }
        }

        /// The average is what is validated and saved: `evaluate` finds the loss of the run.
        @Test func aCheckpointHoldsTheAverageThatWasValidated() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.pretrain("run", "optimizer.kind=schedule_free", ranks: 2)
            let last = try #require(try run.metrics("validation").last?["loss"]?.double)
            let report = try await workspace.succeed(
                "evaluate --model run/checkpoints/latest --data shards")
            let loss = try #require(
                report.output.split(separator: ",").first { $0.contains("\"loss\"") }?
                    .split(separator: ":").last.flatMap { Double($0) })
            #expect(abs(loss - last) < 1e-9)
        }

        @Test(arguments: [
            ("optimizer.kind=muon train.freeze=['*.h.*']", "muon finds no matrix of a block"),
            ("optimizer.kind=schedule_free train.islands=2", "schedule_free keeps an average"),
            (
                "optimizer.kind=schedule_free optimizer.schedule=wsd",
                "optimizer.schedule has no effect"
            ),
            ("optimizer.momentum=0.9", "optimizer.momentum has no effect"),
        ])
        func whatDoesNotFitIsRefused(keys: String, line: String) async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.run("pretrain --config recipe.yaml \(keys)")
            #expect(run.exitCode == 64, "\(run.errors)")
            #expect(run.errors.contains(line), "\(run.errors)")
        }

        private func expectEqual(
            _ run: RunFiles, _ reference: RunFiles, _ comment: Comment,
            sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            #expect(
                try run.weights(20) == reference.weights(20), comment,
                sourceLocation: sourceLocation)
            #expect(
                try run.moments(20) == reference.moments(20), comment,
                sourceLocation: sourceLocation)
            #expect(try run.steps() == reference.steps(), comment, sourceLocation: sourceLocation)
            // A stop validates once more.
            let validations = try [run, reference].map { files in
                try files.metrics("validation").filter { $0["step"]?.integer != 7 }
            }
            #expect(validations[0] == validations[1], comment, sourceLocation: sourceLocation)
        }
    }
}
