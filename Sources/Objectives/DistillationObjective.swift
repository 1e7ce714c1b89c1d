import Datasets
import Models
import Tensors

/// What is known of the next tokens that a teacher would write.
package enum Teacher {
    /// A model that reads each batch.
    ///
    /// - Parameter likeliest: the tokens that count one by one; nil for all.
    case model(LanguageModel, likeliest: Int?)
    /// What it has said of each counted token of some sequences of a batch, one after the other.
    case stored((TokenBatch, Range<Int>, Device) -> LikeliestTokens)
}

/// A student that learns the distributions of a teacher over the tokens that count, instead of the tokens.
///
/// The loss is the sum of the `Divergence` after each counted token, divided by their number in the global
/// batch.
package struct DistillationObjective: Objective {
    private let model: LanguageModel
    private let teacher: Teacher
    private let divergence: Divergence

    package init(model: LanguageModel, teacher: Teacher, _ divergence: Divergence) {
        (self.model, self.teacher, self.divergence) = (model, teacher, divergence)
    }

    package var parameters: ParameterList { model.parameters }

    package func loss(
        _ tape: Tape, _ batch: TokenBatch, part: Range<Int>, dropout: DropoutStream?
    ) -> LossSum {
        let compared = batch.comparedRows(of: part, on: tape.device)
        return model.divergence(
            tape, after: compared, from: rows(batch, part, compared, tape.device), divergence,
            dropout: dropout)
    }

    private func rows(
        _ batch: TokenBatch, _ part: Range<Int>, _ compared: ComparedRows, _ device: Device
    ) -> (Range<Int>) -> TeacherRows {
        switch teacher {
        case .stored(let tokens):
            let all = tokens(batch, part, device)
            return { rows in
                .likeliest(
                    LikeliestTokens(
                        ids: all.ids.slice(rows), logShares: all.logShares.slice(rows)))
            }
        case .model(let teacher, let count):
            let logits = teacher.logits(after: compared)
            return { rows in
                guard let count else { return .logits(logits(rows)) }
                return .likeliest(
                    teacher.device.likeliest(
                        count, of: logits(rows),
                        vocabularySize: model.configuration.vocabularySize,
                        temperature: divergence.temperature))
            }
        }
    }
}

extension TokenBatch {
    /// The rows of some sequences that have a target, in their order.
    package func comparedRows(of part: Range<Int>, on device: Device) -> ComparedRows {
        let targets = targetTensor(of: part, on: device)
        return ComparedRows(
            inputs: inputTensor(of: part, on: device),
            rows: targets.buffer.indices.filter { targets.buffer[$0] >= 0 },
            segments: segments(of: part))
    }
}
