import Collectives
import Models
import Testing
import Training

/// What a training is said to need is what it takes.
@Suite struct TrainingNeedTests {
    /// Bytes in memory before a training takes any: the program and its libraries.
    private static let base = 0.06e9
    private static let tolerance = 0.15

    /// Peaks of one process measured on an Intel Xeon (model 207) in steps of a run of one rank and two
    /// threads, without the copy of a checkpoint.
    @Test(arguments: [
        (ModelPreset.gpt2Small, 50_304, "m=4 T=256 B=4", 2.29e9),
        (.gpt2Small, 50_304, "m=4 T=256 B=4 recompute", 2.18e9),
        (.gpt2Small, 50_304, "m=4 T=256 B=8", 2.60e9),
        (.gpt2Small, 50_304, "m=4 T=256 B=4 bf16", 2.43e9),
        (.gpt2Small, 50_304, "m=2 T=1024 B=2", 2.73e9),
        (.gpt2Small, 50_304, "m=4 T=512 B=8 dropout", 3.04e9),
        (.gpt2Medium, 50_304, "m=2 T=256 B=2", 5.94e9),
        (.micro, 512, "m=32 T=256 B=32", 0.582e9),
        (.llama110M, 32_000, "m=4 T=256 B=4", 2.33e9),
        (.llama110M, 32_000, "m=4 T=256 B=4 recompute", 1.96e9),
        (.llama110M, 32_000, "m=4 T=512 B=4 bf16", 3.22e9),
    ])
    func needIsTheMeasuredPeak(
        preset: ModelPreset, vocabularySize: Int, setting: String, peak: Double
    ) throws {
        let size = size(preset, vocabularySize, setting)
        let need = Double(try size.need(ofRank: 0).total) + Self.base
        #expect(abs(need - peak) <= Self.tolerance * peak, "\(need) for \(peak)")
    }

    private func size(
        _ preset: ModelPreset, _ vocabularySize: Int, _ setting: String
    ) -> TrainingSize {
        var train = TrainOptions()
        var model = preset.configuration(vocabularySize: vocabularySize)
        for word in setting.split(separator: " ") {
            let number = Int(word.drop { !$0.isNumber }) ?? 0
            switch word.prefix(2) {
            case "m=": train.microBatchSize = number
            case "T=": train.sequenceLength = number
            case "B=": train.globalBatchSize = number
            case "re": train.recompute = .blocks
            case "dr": model.dropoutRate = 0.1
            default: break
            }
        }
        return TrainingSize(
            model: model, plan: ParameterPlan(), train: train, laneCount: 1,
            hosts: .apart(worldSize: 1), roundsWeights: setting.hasSuffix("bf16"),
            isValidated: false,
            checkpoint: nil)
    }

    @Test func eachSavingSaves() throws {
        var size = size(.gpt2Small, 50_304, "m=4 T=1024 B=8")
        let all = try size.need(ofRank: 0)
        size.train.microBatchSize = 1
        #expect(try size.need(ofRank: 0).activations < all.activations / 2)
        size.train.recompute = .blocks
        #expect(try size.need(ofRank: 0).activations < all.activations / 4)
        size.checkpoint = CheckpointOptions()
        #expect(try size.need(ofRank: 0).checkpoint == 3 * all.weights)
    }

    @Test func ranksShareOutMomentsWeightsAndCopies() throws {
        var size = size(.gpt2Small, 50_304, "m=1 T=256 B=4")
        size.checkpoint = CheckpointOptions()
        let alone = try size.need(ofRank: 0)
        (size.laneCount, size.hosts) = (4, HostMap(labels: [0, 0, 0, 0]))
        let needs = try (0..<4).map { try size.need(ofRank: $0) }
        #expect(needs.allSatisfy { $0.moments == alone.moments / 4 })
        // Whole blocks of the weights.
        #expect(needs.allSatisfy { abs($0.checkpoint - alone.checkpoint / 4) < 16 << 20 })
        #expect(needs.reduce(0) { $0 + $1.checkpoint } == alone.checkpoint)
        #expect(needs.map(\.weights) == [alone.weights, 0, 0, 0], "one copy for the node")
        size.hosts = HostMap(labels: [0, 0, 1, 1])
        let apart = try (0..<4).map { try size.need(ofRank: $0).weights }
        #expect(apart == [alone.weights, 0, alone.weights, 0], "one copy for each node")
        size.train.optimizerSharding = .none
        #expect(try size.need(ofRank: 3).weights == alone.weights)
        #expect(try size.need(ofRank: 3).moments == alone.moments)
        (size.train.optimizerSharding, size.train.nodeMemory) = (.auto, .private)
        #expect(try size.need(ofRank: 3).moments == alone.moments, "as none")
    }

    /// Two islands of a node of four ranks, with zero1: each has a copy of the common weights and of
    /// their momentum, of which a quarter is under way, as floats, encoded, and half of it received.
    @Test func islandsKeepCommonWeightsAndAMomentumMore() throws {
        var size = size(.gpt2Small, 50_304, "m=1 T=256 B=4")
        (size.laneCount, size.hosts) = (2, HostMap(labels: [0, 0]))
        size.checkpoint = CheckpointOptions()
        let weights = try size.need(ofRank: 0).weights
        #expect(try size.need(ofRank: 0).outer == 0)
        size.train.islands = 2
        size.islandsHere = 0..<2
        let needs = try size.needs(ofRanks: [0, 1])
        #expect(needs.count == 2)
        let momentum = weights / 2
        let flight = momentum / 4 * 5 / 2
        for island in needs {
            #expect(island.map(\.outer) == [weights + momentum + flight, momentum + flight])
            #expect(island[0].shared - island[1].shared == 2 * weights, "both copies of weights")
        }
        // The common weights once; weights and moments of each island; the momentum of the first.
        let copies = needs.joined().reduce(0) { $0 + $1.checkpoint }
        #expect(copies == weights * (1 + 2 * 3 + 1))
        size.outer.format = .int8
        let bytes = try size.needs(ofRanks: [0, 1])[1][1].outer - momentum
        let quarter = momentum / 4
        #expect(abs(bytes - (quarter + quarter * 260 / 1024 * 3 / 2)) < 16)
        size.checkpoint?.inputOutput = .gather
        let gathered = try size.needs(ofRanks: [0, 1]).joined().map(\.checkpoint)
        #expect(gathered.filter { $0 > 0 }.count == 1, "rank 0 of the first")
    }

    @Test func frozenBlocksKeepNothing() throws {
        var size = size(.gpt2Small, 50_304, "m=4 T=256 B=8")
        let all = try size.need(ofRank: 0)
        size.plan = ParameterPlan { $0.hasPrefix("transformer.h.11.") }
        let last = try size.need(ofRank: 0)
        #expect(last.gradients < all.gradients / 10)
        #expect(last.activations < all.activations / 3)
    }

    /// Of GPT-2 124M: 85 million weights lie in matrices of blocks.
    @Test func eachRuleKeepsItsOwnState() throws {
        var size = size(.gpt2Small, 50_304, "m=4 T=256 B=8")
        size.checkpoint = CheckpointOptions()
        let (adamw, matrices) = (try size.need(ofRank: 0), 4 * 12 * 12 * 768 * 768)
        size.optimizer = .muon
        let muon = try size.need(ofRank: 0)
        #expect(muon.moments == adamw.moments - matrices)
        #expect(muon.checkpoint == adamw.checkpoint - matrices)
        #expect(muon.activations == adamw.activations, "matrices are worked on in their memory")
        size.optimizer = .scheduleFree
        let free = try size.need(ofRank: 0)
        #expect(free.moments == adamw.moments * 3 / 2)
        #expect(free.checkpoint == adamw.checkpoint, "the average is there as the weights")
    }
}
