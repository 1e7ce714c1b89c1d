import JSON
import Testing

extension Jobs {
    /// The same bits on any number of ranks and threads.
    @Suite struct WorldSizeTests {
        /// Losses of other lane counts: the gradients are added in another order.
        static let lossTolerance = 1e-5

        static let worlds: [(ranks: Int, threads: Int)] = [
            (1, 2), (2, 1), (2, 2), (3, 1), (4, 1), (4, 2),
        ]

        @Test(arguments: [8, 6])
        func weightsHaveTheSameBitsOnAnyNumberOfRanks(lanes: Int) async throws {
            let workspace = try await Workspace.prepared()
            let alone = try await workspace.pretrain("run-alone", "train.lanes=\(lanes)")
            let steps = try alone.steps()
            #expect(steps.map { $0["step"]?.integer } == Array(1...20))
            for (ranks, threads) in Self.worlds {
                let run = try await workspace.pretrain(
                    "run-\(ranks)-\(threads)",
                    "train.lanes=\(lanes) train.threads_per_rank=\(threads)", ranks: ranks)
                let world = Comment("\(ranks) ranks of \(threads) threads")
                #expect(try run.weights(20) == alone.weights(20), world)
                #expect(try run.moments(20) == alone.moments(20), world)
                #expect(try run.steps() == steps, world)
                #expect(try run.metrics("validation") == alone.metrics("validation"), world)
            }
        }

        @Test func anyNumberOfLanesGivesTheSameLosses() async throws {
            let workspace = try await Workspace.prepared()
            let reference = try await workspace.pretrain("run-8", "train.lanes=8").losses()
            #expect(reference.count == 20)
            #expect((reference.last ?? 9) < (reference.first ?? 0) - 0.3)
            for lanes in [1, 2, 3, 6, 12, 24] {
                let losses = try await workspace.pretrain("run-\(lanes)", "train.lanes=\(lanes)")
                    .losses()
                let difference = zip(losses, reference).map { abs($0 - $1) }.max()
                #expect(difference ?? 1 < Self.lossTolerance, "\(lanes) lanes")
            }
        }

        @Test func byDefaultTwiceAsManyRanksHaveALaneWhereThatCostsLittle() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.pretrain("run", "train.lanes=null", ranks: 3)
            let other = try await workspace.pretrain("other", "train.lanes=6")
            #expect(try run.weights(20) == other.weights(20))
        }

        @Test func shardsDoNotDependOnTheRanksThatPrepareThem() async throws {
            let workspace = try await Workspace.prepared()
            for ranks in [2, 3] {
                try await workspace.succeed(
                    "prepare --input text.txt --tokenizer tokenizer.json --output s\(ranks)",
                    ranks: ranks)
                for name in ["train-00000.h5", "validation-00000.h5", "tokenizer.json"] {
                    let bytes = try workspace.bytes("s\(ranks)/\(name)")
                    #expect(try bytes == workspace.bytes("shards/\(name)"), "\(name)")
                }
            }
        }

        @Test func evaluateGivesTheSameLineOnAnyNumberOfRanks() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.steps=5")
            let command = "evaluate --model run/checkpoints/latest --data shards"
            let alone = try await workspace.succeed(command).output
            #expect(alone.hasPrefix(#"{"bits_per_byte":"#))
            for ranks in [1, 2, 3, 4] {
                let run = try await workspace.succeed(command, ranks: ranks)
                #expect(run.output == alone, "\(ranks) ranks")
            }
        }
    }
}
