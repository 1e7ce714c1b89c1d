import Datasets
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
    }

    /// Writes the gradient of the summed loss into `gradients`, every element of it.
    ///
    /// - Parameters:
    ///   - firstSequence: of the lane, in the global batch.
    ///   - offset: where the lane begins in `batch`.
    ///   - whenReady: called in the last backward pass, as soon as the gradient of a parameter is
    ///     complete; not for parameters that this pass does not reach.
    func run(
        _ batch: TokenBatch, firstSequence: Int, offset: Int, step: Int,
        into gradients: ParameterGradients,
        whenReady: @escaping (Parameter) -> Void = { _ in }
    ) -> Result {
        gradients.reset()
        var result = Result()
        for start in stride(from: 0, to: laneSize, by: microBatchSize) {
            let end = min(start + microBatchSize, laneSize)
            let part = offset + start..<offset + end
            let tape = Tape(
                device: objective.parameters.device, gradients: gradients,
                recomputesSegments: recompute == .blocks,
                whenReady: drivingMessages(end == laneSize ? whenReady : { _ in }))
            let loss = objective.loss(
                tape, batch, part: part,
                dropout: DropoutStream(
                    seed: seed, step: step, firstSequence: firstSequence + start))
            tape.backward(from: loss.root)
            result.lossSum += loss.value
            result.weight += objective.weight(of: batch, part: part)
            result.tokenCount += batch.lengths[part].reduce(0, +)
        }
        gradients.zeroWhatIsMissing()
        return result
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
