import Collectives
import Models
import Testing
import Training

/// The memory and the traffic of a node, by hand.
@Suite struct NodeCostTests {
    /// Of GPT-2 124M with one lane a rank.
    private func size(_ labels: [Int], lanes: Int? = nil) -> TrainingSize {
        var train = TrainOptions()
        (train.globalBatchSize, train.microBatchSize, train.sequenceLength) = (8, 1, 256)
        return TrainingSize(
            model: ModelPreset.gpt2Small.configuration(vocabularySize: 50_304),
            plan: ParameterPlan(), train: train, laneCount: lanes ?? labels.count,
            hosts: HostMap(labels: labels), roundsWeights: false, isValidated: false,
            checkpoint: nil)
    }

    /// Bytes of the parameters, as floats.
    private func bytes(_ size: TrainingSize) -> Int {
        4 * size.plan.layout(of: size.model).trainedCount
    }

    @Test func aNodeKeepsOneCopyOfTheWeightsAndItsPartOfTheMoments() throws {
        var size = size([0, 0, 1, 1])
        let bytes = bytes(size)
        var cost = try size.cost(ofNode: 1)
        #expect(cost.weights == bytes)
        #expect(cost.moments == bytes)
        #expect(cost.gradients == 2 * bytes)
        size.roundsWeights = true
        #expect(try size.cost(ofNode: 1).weights == bytes + bytes / 2)
        size.roundsWeights = false
        size.train.optimizerSharding = .none
        cost = try size.cost(ofNode: 1)
        #expect(cost.weights == 2 * bytes && cost.moments == 4 * bytes)
    }

    /// Half of the gradients to the other node and of its sums back, and the same of the parameters.
    @Test func eachSliceEntersANodeOnceAndLeavesItOnce() throws {
        var size = size([0, 0, 1, 1])
        let bytes = bytes(size)
        for sharding in [TrainOptions.OptimizerSharding.auto, .none, .zero1] {
            size.train.optimizerSharding = sharding
            let cost = try size.cost(ofNode: 0)
            #expect(cost.sentBytes == bytes && cost.receivedBytes == bytes)
        }
        // Two ranks' gradients each way, and their own parts of the sum to each rank of the other node.
        size.train.nodeMemory = .private
        let apart = try size.cost(ofNode: 0)
        #expect(apart.sentBytes == 2 * bytes && apart.receivedBytes == 2 * bytes)
    }

    /// Of a matrix about half lies with the other node, whole chunks: it comes to the owner and goes back.
    @Test func muonMovesMatricesToTheirOwnersAndBack() throws {
        var size = size([0, 0, 1, 1])
        let before = try (0..<2).map { try size.cost(ofNode: $0) }
        size.optimizer = .muon
        let costs = try (0..<2).map { try size.cost(ofNode: $0) }
        let matrices = 12 * 12 * 768 * 768
        let sent = zip(costs, before).map { $0.sentBytes - $1.sentBytes }
        let received = zip(costs, before).map { $0.receivedBytes - $1.receivedBytes }
        #expect(sent[0] == received[1] && sent[1] == received[0])
        #expect(abs(sent[0] + sent[1] - 4 * matrices) < matrices / 3, "\(sent)")
        #expect(abs(sent[0] - sent[1]) < matrices / 3, "\(sent)")
        size.hosts = HostMap(labels: [0, 0, 0, 0])
        #expect(try size.cost(ofNode: 0).sentBytes == 0)
    }

    /// With one lane of one micro-batch on each of eight ranks.
    @Test func aRankTakesABlockAndTheBucketsUnderWay() throws {
        var size = size(Array(repeating: 0, count: 8))
        let bytes = bytes(size)
        let ring = try #require(size.gradientRing)
        let (block, bucket, chunk) = (12 * 768 * 768 + 13 * 768, 64 * 65_536, 65_536)
        #expect(ring.size > block + bucket && ring.size < block + 2 * bucket + chunk)
        #expect(12 * block - ring.range.count < 2 * chunk)
        var cost = try size.cost(ofNode: 0)
        let (sums, apart) = (4 * ring.range.count, bytes - 4 * ring.range.count)
        let wanted = 8 * (4 * ring.size + apart) + sums
        #expect(cost.gradients >= wanted && cost.gradients < wanted + 8 * 65_536)
        #expect(cost.memory < 4_800_000_000)
        let kept = cost.gradients
        size.limitsNorm = false
        #expect(try size.cost(ofNode: 0).gradients == kept, "a step may be skipped")
        size.train.maximumSkippedSteps = 0
        #expect(try size.cost(ofNode: 0).gradients == kept - sums)
        size.limitsNorm = true
        #expect(try size.cost(ofNode: 0).gradients == kept)
        // Of the sums each node has its part.
        size.hosts = HostMap(labels: [0, 0, 0, 0, 1, 1, 1, 1])
        cost = try size.cost(ofNode: 1)
        let far = try #require(size.gradientRing)
        #expect(far.size > ring.size)
        let half = 4 * (4 * far.size + apart) + sums / 2
        #expect(abs(cost.gradients - half) < 8 * 4 * bucket)
    }

    @Test func whatAddsUpSeveralPassesTakesWholeLists() throws {
        func gradients(_ change: (inout TrainingSize) -> Void) throws -> Int {
            var size = size(Array(repeating: 0, count: 8))
            change(&size)
            #expect(size.gradientRing == nil)
            return try size.cost(ofNode: 0).gradients / bytes(size)
        }
        #expect(try gradients { $0.train.globalBatchSize = 16 } == 8)
        #expect(try gradients { $0.train.optimizerSharding = .none } == 8)
        #expect(try gradients { $0.train.nodeMemory = .private } == 8)
        let two = try gradients {
            ($0.laneCount, $0.train.globalBatchSize) = (16, 16)
        }
        #expect(two == 16)
        // Two ranks would save less than what activations find in whole lists.
        let lent = try gradients {
            ($0.hosts, $0.laneCount) = (HostMap(labels: [0, 0]), 2)
            ($0.train.globalBatchSize, $0.train.microBatchSize) = (16, 8)
            $0.train.sequenceLength = 1024
        }
        #expect(lent == 2)
    }

    @Test func oneNodeSendsNothing() throws {
        let cost = try size([0, 0, 0]).cost(ofNode: 0)
        #expect(cost.sentBytes == 0 && cost.receivedBytes == 0 && cost.buckets == 0)
    }

    /// Lanes 0 and 2 here, 1 and 3 there: they travel one by one.
    @Test func lanesThatAreNoNeighboursTravelOneByOne() throws {
        let size = size([0, 1, 0, 1])
        let bytes = bytes(size)
        let cost = try size.cost(ofNode: 0)
        #expect(cost.sentBytes == bytes + bytes / 2 && cost.receivedBytes == cost.sentBytes)
    }

    /// An island on two nodes of two ranks, which sends and gets half of its 2 (K - 1) / K lists in H steps
    /// on each of them; and two islands on one node, of which only what goes to the third travels.
    @Test func islandsSendTheirDifferencesOnceInAPeriod() throws {
        var size = size([0, 0, 1, 1])
        let bytes = bytes(size)
        let within = try size.cost(ofNode: 0)
        size.train.islands = 4
        size.outer.everySteps = 50
        let cost = try size.cost(ofNode: 0)
        let more = bytes * 2 * 3 / 4 / 2 / 50
        #expect(abs(cost.sentBytes - within.sentBytes - more) < 4)
        #expect(cost.receivedBytes == cost.sentBytes)
        #expect(cost.memory > within.memory && cost.outer == cost.memory - within.memory)
        size.hosts = HostMap(labels: [0, 0])
        (size.train.islands, size.islandsHere) = (3, 0..<2)
        let shared = try size.cost(ofNode: 0)
        #expect(abs(shared.sentBytes - 2 * (bytes * 2 * 2 / 3) / 2 / 50) < 4)
        size.islandsHere = 0..<3
        #expect(try size.cost(ofNode: 0).sentBytes == 0)
    }

    @Test func halfTheBytesCarryRoundedGradients() throws {
        var size = size([0, 0, 1, 1])
        let bytes = bytes(size)
        size.train.gradientType = .bf16
        // Parameters travel whole.
        #expect(try size.cost(ofNode: 0).sentBytes == bytes / 4 + bytes / 2)
        size.train.optimizerSharding = .none
        #expect(try size.cost(ofNode: 0).sentBytes == bytes / 2)
    }
}
