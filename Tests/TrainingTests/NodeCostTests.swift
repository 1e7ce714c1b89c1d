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
