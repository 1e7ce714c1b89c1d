import Diagnostics

/// A part of a training step, by its name in metrics.jsonl.
package enum StepPart: String, CaseIterable, Sendable {
    case compute, update, rollout, data, reduce, outer

    /// What the first rank does in it, for a person who never trained a model.
    var words: String {
        switch self {
        case .compute: "computing the loss and its gradient"
        case .update: "moving the weights"
        case .rollout: "writing answers and rewarding them"
        case .data: "waiting for data"
        case .reduce: "waiting for other ranks"
        case .outer: "waiting for other islands"
        }
    }
}

extension RunHistory {
    /// The parts of all steps with their shares of the time, in a fixed order.
    var partShares: [(part: StepPart, share: Double)] {
        let total = partSeconds.values.reduce(0, +)
        guard total > 0 else { return [] }
        return StepPart.allCases.compactMap { part in
            partSeconds[part].map { (part, $0 / total) }
        }
    }
}
