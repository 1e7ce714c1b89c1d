import Diagnostics

/// A sentence about a run for a person who never trained a model.
package struct RunVerdict: Equatable, Sendable {
    package enum Kind: String, Sendable { case good, note, bad }

    package let kind: Kind
    package let text: String
}

extension RunHistory {
    /// Whether the run goes well, in sentences, the most important first.
    ///
    /// - Parameter plannedCount: the steps of the whole run; nil where nobody knows.
    package func verdicts(plannedCount: Int?) -> [RunVerdict] {
        guard stepCount > 0 else {
            return [RunVerdict(kind: .note, text: "No step has been made yet.")]
        }
        let told = warnings.suffix(5).map {
            RunVerdict(kind: .bad, text: "At step \($0.step): \($0.message).")
        }
        return [progress(plannedCount), fall, validation, memorising, nonFinite]
            .compactMap { $0 } + told
    }

    private func progress(_ plannedCount: Int?) -> RunVerdict? {
        guard let plannedCount else { return nil }
        return lastStep >= plannedCount
            ? RunVerdict(kind: .good, text: "All \(plannedCount) steps are done.")
            : RunVerdict(
                kind: .note,
                text: "\(lastStep) of \(plannedCount) steps are done; --resume goes on from the "
                    + "newest checkpoint.")
    }

    private var fall: RunVerdict? {
        guard let firstLoss, let lastLoss, stepCount >= 8 else { return nil }
        let words = "the loss, \(firstLoss.formattedTo(3)) at first, is \(lastLoss.formattedTo(3))"
        guard lastLoss < firstLoss else {
            return RunVerdict(kind: .bad, text: "The model has not learnt: \(words) at the end.")
        }
        return RunVerdict(kind: .good, text: "The model has learnt: \(words) at the end.")
    }

    private var validation: RunVerdict? {
        guard let last = validations.last else { return nil }
        return RunVerdict(
            kind: .note,
            text: "On text that it was never trained on the loss is \(last.loss.formattedTo(3)) "
                + "at step \(last.step).")
    }

    /// By heart: what is held out gets worse by more than a percent.
    private var memorising: RunVerdict? {
        guard let last = validations.last, let best = bestValidation, last.step > best.step else {
            return nil
        }
        guard last.loss > best.loss * 1.01 else { return nil }
        return RunVerdict(
            kind: .bad,
            text: "It has begun to learn by heart: the loss on unseen text was lowest at step "
                + "\(best.step), \(best.loss.formattedTo(3)). More text, fewer steps, or dropout "
                + "help; evaluate.patience stops there.")
    }

    private var nonFinite: RunVerdict? {
        guard nonFiniteCount > 0 else { return nil }
        return RunVerdict(
            kind: .bad,
            text:
                "\(Quantity.count(nonFiniteCount, "step")) had no finite loss: lower the learning "
                + "rate.")
    }
}
