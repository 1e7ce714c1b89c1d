import Datasets
import Tensors

/// What a run minimises. Pretraining, fine-tuning and alignment differ by their objective and by which
/// parameters are trained; the loop is the same.
package protocol Objective {
    /// The parameters of the model, of which those with gradients are trained.
    var parameters: ParameterList { get }

    /// How much the sequences `part` of `batch` count in the loss: mostly the number of their
    /// targets.
    func weight(of batch: TokenBatch, part: Range<Int>) -> Double

    /// The loss, summed over what counts of sequences `part` of `batch`. It is divided by the weight
    /// of the global batch in one place, `BatchGradient`.
    ///
    /// - Parameter dropout: the random numbers of dropout; nil switches it off.
    func loss(
        _ tape: Tape, _ batch: TokenBatch, part: Range<Int>, dropout: DropoutStream?
    ) -> LossSum

    // MARK: What depends on the whole batch

    /// The number of sums over the whole global batch that the first loss of it must know; mostly 0.
    var foresightCount: Int { get }

    /// The part of sequences `part` in these sums; it may be a forward pass.
    func foresight(_ batch: TokenBatch, part: Range<Int>) -> [Double]

    /// The loss, as above, where sums over the whole global batch are known.
    func loss(
        _ tape: Tape, _ batch: TokenBatch, part: Range<Int>, dropout: DropoutStream?,
        foreseen: [Double]
    ) -> LossSum

    // MARK: What is told

    /// The loss of a model that gives every answer the same chance; nil where there is none.
    var uniformLoss: Double? { get }

    /// The number of sums that each loss brings along, see `LossSum.sums`; mostly 0.
    var sumCount: Int { get }

    /// Two parts of such a sum as one: added, or for what is no sum, such as a minimum, otherwise.
    func combine(_ a: Double, _ b: Double, sum index: Int) -> Double

    /// What is told of a global batch beside its loss, by names, from these sums over all of it.
    func measures(_ sums: [Double], _ progress: BatchProgress) -> [String: Double]

    /// What is told of the first batch of all, and whether it is a warning; nil for nothing.
    func remark(onFirst measures: [String: Double], loss: Double) -> ObjectiveRemark?

    /// Why a run whose step has these measures stops there, for good; nil where it goes on.
    func reasonToStop(_ measures: [String: Double]) -> String?
}

extension Objective {
    /// The sums of two parts of a batch as one; of the first part there is nothing before it.
    package func combined(_ sums: [Double], _ more: [Double]) -> [Double] {
        sums.isEmpty
            ? more : sums.indices.map { combine(sums[$0], more[$0], sum: $0) }
    }
}

/// How far a training is.
package struct BatchProgress: Equatable, Sendable {
    /// Tokens that the model has read, and sequences.
    package var tokenCount: Int
    package var sequenceCount: Int

    package init(tokenCount: Int, sequenceCount: Int) {
        (self.tokenCount, self.sequenceCount) = (tokenCount, sequenceCount)
    }
}

/// What an objective has to say about the beginning of a training.
package struct ObjectiveRemark: Equatable, Sendable {
    package let text: String
    package let isWarning: Bool
}

extension Objective {
    package var foresightCount: Int { 0 }

    package func foresight(_ batch: TokenBatch, part: Range<Int>) -> [Double] { [] }

    package func loss(
        _ tape: Tape, _ batch: TokenBatch, part: Range<Int>, dropout: DropoutStream?,
        foreseen: [Double]
    ) -> LossSum {
        loss(tape, batch, part: part, dropout: dropout)
    }

    package var uniformLoss: Double? { nil }

    package var sumCount: Int { 0 }

    package func combine(_ a: Double, _ b: Double, sum index: Int) -> Double { a + b }

    package func measures(_ sums: [Double], _ progress: BatchProgress) -> [String: Double] { [:] }

    package func remark(onFirst measures: [String: Double], loss: Double) -> ObjectiveRemark? {
        nil
    }

    package func reasonToStop(_ measures: [String: Double]) -> String? { nil }

    /// The number of targets that count: each counts alike.
    package func weight(of batch: TokenBatch, part: Range<Int>) -> Double {
        Double(batch.countedTargets(of: part))
    }
}

extension TokenBatch {
    /// The inputs of some sequences, [sequences, T]; T is the length of the longest of them.
    package func inputTensor(of part: Range<Int>, on device: Device) -> Tensor<Int32> {
        tensor(inputs, part, device)
    }

    /// The targets of some sequences, [sequences, T]; T is the length of the longest of them.
    package func targetTensor(of part: Range<Int>, on device: Device) -> Tensor<Int32> {
        tensor(targets, part, device)
    }

    /// The examples that share some sequences; nil where each sequence is one.
    package func segments(of part: Range<Int>) -> SequenceSegments? {
        guard part.contains(where: { exampleLengths[$0].count > 1 }) else { return nil }
        return SequenceSegments(
            lengths: part.map { exampleLengths[$0] }, length: longest(of: part))
    }

    private func tensor(_ ids: [Int32], _ part: Range<Int>, _ device: Device) -> Tensor<Int32> {
        let width = longest(of: part)
        let rows = part.flatMap { sequence in
            ids[sequence * sequenceLength..<sequence * sequenceLength + width]
        }
        return device.tensor(rows, shape: [part.count, width])
    }
}
