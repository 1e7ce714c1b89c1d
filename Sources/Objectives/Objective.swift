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
}

extension Objective {
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
