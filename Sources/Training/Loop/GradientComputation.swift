import Collectives
import Datasets
import Diagnostics
import Tensors

/// The gradient of a global batch: each rank computes its lanes, and the lanes of all ranks are added
/// along a fixed tree, so that the result has the same bits on any number of ranks.
final class GradientComputation {
    /// The sequences of the global batch that this rank computes.
    let sequences: Range<Int>

    private let communicator: any Communicator
    private let trace: TraceTrack?
    private let pass: LanePass
    private let completeParameters: () throws -> Void
    /// Lanes of the replica, and the first of them in the run.
    private let laneCount: Int
    private let firstLane: Int
    private let lanes: Range<Int>
    private let accumulator: LaneAccumulator
    /// The gradients of the parameters, one list for each buffer of the accumulator.
    private let gradients: [ParameterGradients]
    private let reducer: BucketReducer
    private let exchange: GradientExchange
    /// The sum, where it does not come to lie in one of `gradients`.
    private let keptSum: Tensor<Float>?
    /// The update that goes on while buckets are reduced; nil where it follows the gradient.
    private let update: BucketUpdate?

    init(_ setup: TrainerSetup, laneCount: Int) throws {
        communicator = setup.replica
        trace = setup.model.device.trace?.training
        completeParameters = setup.optimizer.completeParameters
        let laneSize = setup.source.globalBatchSize / laneCount
        let ownLanes = setup.lanes(of: laneCount)
        let laneCount = ownLanes.count
        self.laneCount = laneCount
        firstLane = ownLanes.lowerBound
        let tree = LaneTree(laneCount: laneCount)
        lanes = try tree.lanes(ofRank: communicator.rank, worldSize: communicator.worldSize)
        sequences =
            (firstLane + lanes.lowerBound) * laneSize..<(firstLane + lanes.upperBound) * laneSize
        pass = LanePass(
            objective: setup.objective,
            microBatchSize: min(setup.train.microBatchSize, laneSize), laneSize: laneSize,
            seed: setup.seed, recompute: setup.train.recompute, outer: setup.outer)

        let list = setup.objective.parameters
        let shared = setup.memory?.gradients[communicator.rank]
        let ring = setup.memory?.ring
        let folding = ring.map { ParameterGradients.Folding(of: $0.range, period: $0.size) }
        gradients = (0..<LaneAccumulator.bufferCount(for: lanes, in: tree)).map { index in
            ParameterGradients(
                list, values: shared.map { Tensor(over: $0[index]) }, folding: folding)
        }
        keptSum = setup.memory?.sums.map(Tensor.init(over:))
        let device = list.device
        // Not booked as an operation of the device: the step's clock has it under "reduce".
        let forEach: ForEach = { device.threads.forEach($0, $1) }
        accumulator = LaneAccumulator(
            tree: tree, lanes: lanes, buffers: gradients.map(\.values.buffer), forEach: forEach)
        let buckets = GradientBuckets(of: list.layout, setup.memory, over: communicator)
        reducer = try BucketReducer(
            communicator: communicator, buckets: buckets, tree: tree, forEach: forEach,
            transport: SliceTransport(
                communicator: communicator, buckets: buckets, tree: tree,
                memory: setup.memory?.shared, sharedNodes: setup.memory?.nodes(of: tree) ?? [],
                wire: setup.train.gradientType == .bf16
                    ? CompactWire(forEach: forEach) : FloatWire(),
                forEach: forEach), ring: setup.memory?.ringSums, trace: trace)
        let update =
            ring?.keepsSums == false
            ? BucketUpdate(
                setup.optimizer, gradients[0].values, reducer, rank: communicator.rank) : nil
        self.update = update
        exchange = GradientExchange(
            reducer: reducer, accumulator: accumulator, layout: list.layout,
            isGathering: !setup.optimizer.state.isSharded, ring: ring,
            beforeStart: setup.optimizer.completeParameters,
            whenReduced: { try update?.update($0) })
        if ring != nil { gradients[0].beforeWriting = exchange.prepare }
    }

    /// Computes the gradient of a batch; its values stay as they are until the next call. Where no memory
    /// keeps them, the weights are updated meanwhile. Collective.
    func compute(
        _ batch: TokenBatch, step: Int, learningRate: Double, _ clock: inout LapClock
    ) throws -> BatchGradient {
        let foreseen = try trace.measure(.foresight) { try foresee(batch) }
        accumulator.reset()
        try update?.begin(learningRate: learningRate, weight: weight(of: batch))
        var results = lanes.dropLast().map { lane in
            let result = computeLane(lane, batch, step: step, foreseen)
            accumulator.finishLane()
            return result
        }
        exchange.begin()
        results.append(
            computeLane(
                lanes.upperBound - 1, batch, step: step, foreseen,
                whenReady: exchange.parameterIsReady))
        clock.lap("compute")

        let timing = try trace.measure(.exchange) { try exchange.finish() }
        let (norm, all) = try trace.measure(.norm) { try normAndResults(results) }
        update?.finish()
        clock.lap("reduce")
        clock.move(timing.spent, from: "compute", to: "reduce")
        if communicator.worldSize > 1 { clock.note(timing.hidden, as: "reduce_hidden") }
        return BatchGradient(
            values: keptSum ?? gradients[accumulator.sumIndex].values, update: update?.result,
            lossSum: all.reduce(0) { $0 + $1.lossSum },
            weight: all.reduce(0) { $0 + $1.weight },
            sums: all.reduce([]) { pass.objective.combined($0, $1.sums) },
            tokenCount: all.reduce(0) { $0 + $1.tokenCount },
            sequences: firstLane * pass.laneSize..<(firstLane + laneCount) * pass.laneSize,
            laneLosses: all.map(\.lossSum), normOfSum: norm)
    }

    /// The weight of the whole batch, before anything of it is computed, with the bits that the sum over
    /// `LanePass.Result` has for lanes of one micro-batch.
    private func weight(of batch: TokenBatch) throws -> Double {
        var weights = Array(repeating: 0.0, count: laneCount)
        for lane in lanes {
            let offset = (lane - lanes.lowerBound) * pass.laneSize
            weights[lane] = pass.objective.weight(
                of: batch, part: offset..<offset + pass.laneSize)
        }
        try weights.withUnsafeMutableBufferPointer { try communicator.allReduceDisjoint($0) }
        return weights.reduce(0, +)
    }

    /// The sums over the whole batch that the objective must know before its first loss.
    private func foresee(_ batch: TokenBatch) throws -> [Double] {
        let count = pass.objective.foresightCount
        guard count > 0 else { return [] }
        // Others wait for what this rank brings to its node.
        try completeParameters()
        var sums = Array(repeating: 0.0, count: laneCount * count)
        for lane in lanes {
            let offset = (lane - lanes.lowerBound) * pass.laneSize
            sums.replaceSubrange(
                lane * count..<(lane + 1) * count, with: pass.foresight(batch, offset: offset))
        }
        try sums.withUnsafeMutableBufferPointer { try communicator.allReduceDisjoint($0) }
        return (0..<count).map { index in
            (0..<laneCount).reduce(0) { $0 + sums[$1 * count + index] }
        }
    }

    /// The loss of each sequence that this rank computes, by itself, without a gradient. Collective.
    func sequenceLosses(
        _ batch: TokenBatch, step: Int
    ) throws -> [ReplayResult.SequenceLoss] {
        let foreseen = try foresee(batch)
        try completeParameters()
        return sequences.map { sequence in
            pass.loss(
                batch, sequence: sequence, offset: sequence - sequences.lowerBound, step: step,
                foreseen: foreseen)
        }
    }

    private func computeLane(
        _ lane: Int, _ batch: TokenBatch, step: Int, _ foreseen: [Double],
        whenReady: @escaping (Parameter) -> Void = { _ in }
    ) -> LanePass.Result {
        pass.run(
            batch, firstSequence: (firstLane + lane) * pass.laneSize,
            offset: (lane - lanes.lowerBound) * pass.laneSize, step: step, foreseen: foreseen,
            into: gradients[accumulator.beginLane()], whenReady: whenReady)
    }

    /// The norm of the sum, and the results of all lanes in lane order.
    private func normAndResults(
        _ results: [LanePass.Result]
    ) throws -> (Double, [LanePass.Result]) {
        let count = 3 + pass.objective.sumCount
        var numbers = Array(repeating: 0.0, count: count * laneCount)
        for (lane, result) in zip(lanes, results) {
            // Counts far below 2^53 are exact.
            let own = [result.lossSum, result.weight, Double(result.tokenCount)] + result.sums
            numbers.replaceSubrange(count * lane..<count * (lane + 1), with: own)
        }
        let norm = try reducer.globalNorm(sharing: &numbers)
        let all = stride(from: 0, to: numbers.count, by: count).map { first in
            LanePass.Result(
                lossSum: numbers[first], weight: numbers[first + 1],
                tokenCount: Int(numbers[first + 2]), sums: Array(numbers[first + 3..<first + count])
            )
        }
        return (norm, all)
    }
}
