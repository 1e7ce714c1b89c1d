import Collectives
import Foundation
import JSON
import Models
import Tensors
import TinyTrainings
import Training

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

    /// Skips a step in the same way whether or not the ranks share the optimizer's state out.
    func skippedStep() throws -> Int32 {
        let hashes = try [false, true].map { isSharded in
            var training = try TinyTraining(embeddingSize: 128, layerCount: 3)
            if isSharded { training.shard(over: communicator) }
            let objective = BrokenObjective(
                model: training.model, brokenSteps: [1], gradientScale: .nan)
            _ = try training.train(
                on: objective, steps: 4, maximumSkippedSteps: 1, over: communicator)
            try require(training.optimizer.updateCount == 3, "one of four steps is skipped")
            let values = training.model.parameters.values.array
            return values.withUnsafeBufferPointer { ReductionCheck.hash($0, 0) }
        }
        try require(hashes[0] == hashes[1], "the weights are those without sharding")
        try require(
            try communicator.allGather([hashes[1]]).allSatisfy { $0 == hashes[1] },
            "all ranks have the same weights")
        printOnce("skipped")
        return 0
    }

    /// `bit-flip none|zero1 RANK`: a bit of a weight flips on one rank in the third step; every second
    /// step is saved.
    func bitFlip() throws -> Int32 {
        var training = try TinyTraining()
        if arguments[1] == "zero1" { training.shard(over: communicator) }
        let name = "transformer.h.0.mlp.c_fc.weight"
        let objective = FlippingObjective(
            model: training.model, flippingBitOf: name,
            inStep: rank == Int(arguments[2]) ? 2 : -1)
        _ = try training.train(
            on: objective, steps: 6, maximumSkippedSteps: 0, checkpointEverySteps: 2,
            over: communicator)
        return 0
    }

    /// A bit of a replica flips on the last rank, where each rank has one, and where the others share one.
    func replicas() throws -> Int32 {
        let list = try TinyTraining().model.parameters
        for copies in [
            HostMap.apart(worldSize: worldSize),
            HostMap(labels: (0..<worldSize).map { $0 == worldSize - 1 ? 1 : 0 }),
        ] {
            let check = ReplicaCheck(
                communicator: communicator, copies: copies, tensors: list.named(list.values),
                threads: list.device.threads)
            try check.run(step: 4)
            for parameter in list.parameters {
                let place = try communicator.broadcast(
                    [Int.random(in: parameter.range), Int.random(in: 0..<32)], from: 0)
                flip(list, place)
                var line = ""
                do { try check.run(step: 4) } catch let error as AgreedFailure {
                    line = error.failure.line
                }
                flip(list, place)
                try require(
                    line.hasPrefix("the replicas of the model differ: expected the bits of rank 0")
                        && line.contains("on rank \(worldSize - 1) on ")
                        && line.contains("(\(parameter.name), step 4)"), "\(place): \(line)")
            }
        }
        printOnce("replicas")
        return 0
    }

    private func flip(_ list: ParameterList, _ place: [Int]) {
        guard rank == worldSize - 1 else { return }
        let value = list.values.pointer + place[0]
        value.pointee = Float(bitPattern: value.pointee.bitPattern ^ 1 << UInt32(place[1]))
    }

    /// Trains with gradients that the last micro-batch of a lane does not reach, in three buckets, and
    /// prints the hash of the weights. `late-gradients shared`: in memory that the ranks share.
    func lateGradients() throws -> Int32 {
        let isShared = arguments.dropFirst().first == "shared"
        printOnce(String(try late(isShared ? .shared : .private).hash, radix: 16))
        return 0
    }

    /// The same in messages of half the size, beside whole ones: their norms are near, no more.
    func compactLateGradients() throws -> Int32 {
        let (exact, compact) = (try late(.private), try late(.private, .bf16))
        try require(compact.norms.count == (rank == 0 ? 3 : 0), "three steps are told")
        for (norm, wanted) in zip(compact.norms, exact.norms) {
            // 8 bits of mantissa, and some from weights that AdamW moved apart.
            try require(abs(norm - wanted) < 0.02 * wanted, "the norms \(norm), \(wanted) are near")
        }
        try require((compact.hash == exact.hash) == (worldSize == 1), "the messages are rounded")
        printOnce("late gradients")
        return 0
    }

    /// - Returns: the gradient norms, on rank 0, and the hash of the weights.
    private func late(
        _ memory: TrainOptions.NodeMemory, _ gradientType: NumberFormat = .fp32
    ) throws -> (norms: [Double], hash: UInt64) {
        var training = try TinyTraining(embeddingSize: 128, layerCount: 3)
        (training.batchSize, training.microBatchSize, training.laneCount) = (8, 1, 4)
        (training.nodeMemory, training.gradientType) = (memory, gradientType)
        let objective = ShortcutObjective(model: training.model)
        _ = try training.train(
            on: objective, steps: 3, maximumSkippedSteps: 0, over: communicator)
        let values = training.model.parameters.values.array
        let hash = values.withUnsafeBufferPointer { ReductionCheck.hash($0, 0) }
        let hashes = try communicator.allGather([hash])
        try require(hashes.allSatisfy { $0 == hash }, "all ranks have the same weights")
        let lines =
            rank == 0 ? try training.folder.text("metrics.jsonl").split(separator: "\n") : []
        let norms = try lines.compactMap {
            try JSONValue(parsing: Array($0.utf8), at: "metrics.jsonl")["gradient_norm"]?.double
        }
        return (norms, hash)
    }
}
