import Diagnostics
import Foundation

/// A sentence about a run for a person who never trained a model.
package struct RunVerdict: Equatable, Sendable {
    package enum Kind: String, Sendable { case good, note, bad }

    package let kind: Kind
    package let text: String
}

extension RunHistory {
    /// Whether the run goes well, in sentences: the first says it of the whole run, the others why.
    ///
    /// - Parameter plannedCount: the steps of the whole run; nil where nobody knows.
    package func verdicts(plannedCount: Int?) -> [RunVerdict] {
        guard stepCount > 0 else {
            return [RunVerdict(kind: .note, text: "No step has been made yet.")]
        }
        let told = warnings.suffix(5).map {
            RunVerdict(kind: .bad, text: "At step \($0.step): \($0.message).")
        }
        return [summary(plannedCount), course, progress(plannedCount), validation, memorising]
            .compactMap { $0 } + [nonFinite].compactMap { $0 } + told
    }

    /// What a list of runs says of each.
    package var kind: RunVerdict.Kind { summary(nil).kind }

    private func summary(_ plannedCount: Int?) -> RunVerdict {
        let isDone = plannedCount.map { lastStep >= $0 } ?? false
        if hasNoLoss || (course?.kind == .bad) {
            return RunVerdict(
                kind: .bad, text: "This run \(isDone ? "did" : "does") not go well.")
        }
        if trend == .early && !isDone {
            return RunVerdict(
                kind: .note,
                text: "It is too early to say how this run goes: it has made "
                    + "\(Quantity.count(stepCount, "step")).")
        }
        if memorising != nil || nonFiniteCount > 0 || hasLateWarning {
            return RunVerdict(
                kind: .note, text: "This run wants a look: see what is marked below.")
        }
        if course?.kind == .note {
            return RunVerdict(
                kind: .note, text: "It cannot be told yet whether this run goes well.")
        }
        return RunVerdict(kind: .good, text: "This run \(isDone ? "went" : "goes") well.")
    }

    /// Whether the last steps had no finite loss.
    private var hasNoLoss: Bool {
        nonFiniteCount > 0 && (loss.points.last.map { $0.step < lastStep } ?? true)
    }

    /// Whether something was warned of in the last tenth of the steps.
    private var hasLateWarning: Bool {
        warnings.last.map { $0.step >= lastStep - max(50, lastStep / 10) } ?? false
    }

    private var trend: LossTrend { LossTrend(loss) }

    private func progress(_ plannedCount: Int?) -> RunVerdict? {
        guard let plannedCount else { return nil }
        return lastStep >= plannedCount
            ? RunVerdict(kind: .good, text: "All \(plannedCount) steps are done.")
            : RunVerdict(
                kind: .note,
                text: "\(lastStep) of \(plannedCount) steps are done; if it is not at work, "
                    + "--resume goes on from the newest checkpoint.")
    }

    /// What the model has learnt: by its rewards where there are some, else by its loss.
    private var course: RunVerdict? {
        if let rewards { return rewards }
        guard let firstLoss, let lastLoss, stepCount >= 8 else { return nil }
        let words = "the loss, \(firstLoss.formattedTo(3)) at first, is \(lastLoss.formattedTo(3))"
        switch trend {
        case .rises(let low, let step):
            return RunVerdict(
                kind: .bad,
                text: "The loss rises: it was \(low.formattedTo(3)) at step \(step), and is "
                    + "\(lastLoss.formattedTo(3)). The run diverges: lower "
                    + "optimizer.learning_rate to a third, and go on from a checkpoint before.")
        case .flat:
            return RunVerdict(
                kind: .bad,
                text: "The model hardly learns: \(words). Raise optimizer.learning_rate to the "
                    + "triple (find-learning-rate suggests one), or look at the data.")
        case .unclear:
            return RunVerdict(
                kind: .note,
                text: "The loss varies more from batch to batch than it falls: \(words).")
        case .early where lastLoss >= firstLoss:
            return RunVerdict(kind: .note, text: "The model has not learnt yet: \(words).")
        case .early, .falls:
            return RunVerdict(
                kind: .good,
                text: "The model has learnt: \(words).\(Self.choices(firstLoss, lastLoss))")
        }
    }

    /// A loss is the logarithm of how many answers that are equally likely would be as hard to choose from.
    private static func choices(_ first: Double, _ last: Double) -> String {
        guard first > last, last > 0, first < 20 else { return "" }
        func number(_ loss: Double) -> String {
            let count = exp(loss)
            return count < 10 ? count.formattedTo(1) : Quantity.whole(count)
        }
        return " It is as unsure as between \(number(last)) equally likely answers, "
            + "at first between \(number(first))."
    }

    /// Points from which on rewards that do not rise are a bad sign.
    private static let tellingRewards = 40

    private var rewards: RunVerdict? {
        let points = reward.points
        guard points.count >= 8 else { return nil }
        let quarter = points.count / 4
        func mean(_ part: ArraySlice<Curve.Point>) -> Double {
            part.reduce(0) { $0 + $1.mean } / Double(part.count)
        }
        let (first, last) = (mean(points.prefix(quarter)), mean(points.suffix(quarter)))
        let words =
            "the average reward, \(first.formattedTo(3)) at first, is \(last.formattedTo(3))"
        return last > first
            ? RunVerdict(kind: .good, text: "The answers have become better: \(words).")
            : RunVerdict(
                kind: points.count < Self.tellingRewards ? .note : .bad,
                text: "The answers have not become better: \(words). Look at reward_std and "
                    + "frac_reward_zero_std: without differences nothing is learnt.")
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
