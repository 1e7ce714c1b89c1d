import Collectives
import Foundation
import TinyTrainings

extension Checks {
    /// Trains with a gradient that is not finite on the last rank alone, and prints what rank 0 wrote.
    func notFinite() throws -> Int32 {
        let training = try TinyTraining()
        let objective = BrokenObjective(
            model: training.model, brokenSteps: [1], gradientScale: .nan)
        _ = try training.train(
            on: objective, steps: 3, maximumSkippedSteps: 1, over: communicator)
        let isFinite = training.model.parameters.values.array.allSatisfy(\.isFinite)
        try require(isFinite, "the weights are finite on rank \(rank)")
        let updates = try communicator.allGather([Int64(training.optimizer.updateCount)])
        if rank == 0 { printOnce(try training.folder.text("metrics.jsonl")) }
        printOnce("updates \(updates)")
        return 0
    }

    /// A bit flips on rank 1 in the third step; every second step is saved.
    func bitFlip() throws -> Int32 {
        let training = try TinyTraining()
        let name = "transformer.h.0.mlp.c_fc.weight"
        let objective = FlippingObjective(
            model: training.model, flippingBitOf: name, inStep: rank == 1 ? 2 : -1)
        defer { printOnce("saved \(training.store.steps)") }
        _ = try training.train(
            on: objective, steps: 6, maximumSkippedSteps: 0, checkpointEverySteps: 2,
            over: communicator)
        return 0
    }

    /// Trains with gradients that the last micro-batch of a lane does not reach, in three buckets, and
    /// prints the hash of the weights.
    func lateGradients() throws -> Int32 {
        var training = try TinyTraining(embeddingSize: 128, layerCount: 3)
        (training.batchSize, training.microBatchSize, training.laneCount) = (8, 1, 4)
        let objective = ShortcutObjective(model: training.model)
        _ = try training.train(
            on: objective, steps: 3, maximumSkippedSteps: 0, over: communicator)
        let values = training.model.parameters.values.array
        let hash = values.withUnsafeBufferPointer { ReductionCheck.hash($0, 0) }
        let hashes = try communicator.allGather([hash])
        try require(hashes.allSatisfy { $0 == hash }, "all ranks have the same weights")
        printOnce(String(hash, radix: 16))
        return 0
    }
}
