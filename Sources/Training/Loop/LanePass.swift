import Datasets
import Diagnostics
import Objectives
import Tensors

/// The forward and backward passes of one lane: its sequences, in micro-batches cut from the front.
///
/// A lane is computed in the same way on whichever rank holds it.
struct LanePass {
    let objective: any Objective
    let microBatchSize: Int
    /// Sequences in a lane.
    let laneSize: Int
    let seed: UInt64
    var recompute = TrainOptions.Recompute.none
    /// The outer steps of islands, whose messages are driven on; nil without islands.
    var outer: OuterOptimizer?

    struct Result {
        var lossSum = 0.0
        var weight = 0.0
        var tokenCount = 0
        /// Further sums of the objective.
        var sums: [Double] = []
    }

    /// Writes the gradient of the summed loss into `gradients`, every element of it.
    ///
    /// - Parameters:
    ///   - firstSequence: of the lane, in the global batch.
    ///   - offset: where the lane begins in `batch`.
    ///   - foreseen: the sums over the global batch that the objective must know.
    ///   - whenReady: called in the last backward pass, as soon as the gradient of a parameter is
    ///     complete; not for parameters that this pass does not reach.
    func run(
        _ batch: TokenBatch, firstSequence: Int, offset: Int, step: Int, foreseen: [Double],
        into gradients: ParameterGradients,
        whenReady: @escaping (Parameter) -> Void = { _ in }
    ) -> Result {
        gradients.reset()
        let trace = objective.parameters.device.trace?.training
        var result = Result()
        for part in parts(from: offset) {
            let (start, end) = (part.lowerBound - offset, part.upperBound - offset)
            let tape = Tape(
                device: objective.parameters.device, gradients: gradients,
                recomputesSegments: recompute == .blocks,
                whenReady: drivingMessages(end == laneSize ? whenReady : { _ in }))
            let loss = trace.measure(.forward) {
                objective.loss(
                    tape, batch, part: part,
                    dropout: DropoutStream(
                        seed: seed, step: step, firstSequence: firstSequence + start),
                    foreseen: foreseen)
            }
            trace.measure(.backward) { tape.backward(from: loss.root) }
            result.lossSum += loss.value
            result.weight += objective.weight(of: batch, part: part)
            result.tokenCount += batch.lengths[part].reduce(0, +)
            result.sums = objective.combined(result.sums, loss.sums)
        }
        gradients.zeroWhatIsMissing()
        return result
    }

    /// The loss of one sequence by itself, without a gradient.
    ///
    /// - Parameters:
    ///   - sequence: in the global batch.
    ///   - offset: in `batch`.
    func loss(
        _ batch: TokenBatch, sequence: Int, offset: Int, step: Int, foreseen: [Double]
    ) -> ReplayResult.SequenceLoss {
        let part = offset..<offset + 1
        let loss = objective.loss(
            Tape(device: objective.parameters.device), batch, part: part,
            dropout: DropoutStream(seed: seed, step: step, firstSequence: sequence),
            foreseen: foreseen)
        return ReplayResult.SequenceLoss(
            sum: loss.value, weight: objective.weight(of: batch, part: part))
    }

    /// The part of the lane in the sums that the objective must know of the whole batch.
    func foresight(_ batch: TokenBatch, offset: Int) -> [Double] {
        parts(from: offset).reduce(into: Array(repeating: 0, count: objective.foresightCount)) {
            for (index, sum) in objective.foresight(batch, part: $1).enumerated() {
                $0[index] += sum
            }
        }
    }

    /// The micro-batches of a lane that begins at `offset`.
    private func parts(from offset: Int) -> [Range<Int>] {
        stride(from: 0, to: laneSize, by: microBatchSize).map {
            offset + $0..<offset + min($0 + microBatchSize, laneSize)
        }
    }

    private func drivingMessages(
        _ whenReady: @escaping (Parameter) -> Void
    ) -> (Parameter) -> Void {
        guard let outer else { return whenReady }
        return { parameter in
            whenReady(parameter)
            outer.makeProgress()
        }
    }
}
