import Datasets
import Foundation
import Models
import Tensors

/// The cross-entropy of classes after the last token of each text.
///
/// A batch has one target a text, the number of its class, where the text ends; the average is over the
/// weights of the classes, as PyTorch's.
package struct ClassificationObjective: Objective {
    private let model: LanguageModel
    /// How much an example of each class counts.
    private let classWeights: [Float]

    /// - Precondition: the model has a head, of as many classes.
    package init(model: LanguageModel, classWeights: [Float]) {
        self.model = model
        self.classWeights = classWeights
        precondition(
            model.plan.classCount == classWeights.count,
            "expected the weights of \(model.plan.classCount ?? 0) classes")
    }

    package var parameters: ParameterList { model.parameters }

    package var uniformLoss: Double? { log(Double(classWeights.count)) }

    package func weight(of batch: TokenBatch, part: Range<Int>) -> Double {
        ClassifiedRows(batch, part).classes.reduce(0) { $0 + Double(classWeights[Int($1)]) }
    }

    package func loss(
        _ tape: Tape, _ batch: TokenBatch, part: Range<Int>, dropout: DropoutStream?
    ) -> LossSum {
        let found = ClassifiedRows(batch, part)
        let scores = model.classScores(
            tape, inputs: batch.inputTensor(of: part, on: tape.device), rows: found.rows,
            dropout: dropout, segments: batch.segments(of: part))
        return tape.crossEntropy(
            scores, targets: tape.device.tensor(found.classes, shape: [found.classes.count]),
            scale: 1, weights: found.classes.map { classWeights[Int($0)] })
    }
}

/// The positions of a batch where classes are predicted, and the true classes.
package struct ClassifiedRows {
    /// The positions among the [sequences, T] tokens of the part.
    package private(set) var rows: [Int] = []
    package private(set) var classes: [Int32] = []

    package init(_ batch: TokenBatch, _ part: Range<Int>) {
        let width = batch.longest(of: part)
        for (row, sequence) in part.enumerated() {
            let start = sequence * batch.sequenceLength
            for position in 0..<batch.lengths[sequence] where batch.targets[start + position] >= 0 {
                rows.append(row * width + position)
                classes.append(batch.targets[start + position])
            }
        }
    }
}
