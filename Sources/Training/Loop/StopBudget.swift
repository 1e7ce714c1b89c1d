import Collectives
import Diagnostics

/// The time that is left of `checkpoint.stop_seconds` when a run stops, and what it is used for.
package struct StopBudget: Equatable, Sendable {
    /// What becomes of the checkpoint of the step at which the run stops, and of one under way.
    package enum Choice: Equatable, Sendable {
        /// The step is saved, after the one under way.
        case save
        /// The one under way is given up for that of the step.
        case saveInstead
        /// The one under way is completed, and the step is not saved.
        case complete
    }

    /// Seconds until the limit; nil without one.
    package let secondsLeft: Double?
    /// Seconds that a checkpoint takes.
    package let saveSeconds: Double
    /// Seconds since the begin of the one under way; nil without one.
    package let secondsUnderWay: Double?

    package init(secondsLeft: Double?, saveSeconds: Double, secondsUnderWay: Double?) {
        self.secondsLeft = secondsLeft
        self.saveSeconds = saveSeconds
        self.secondsUnderWay = secondsUnderWay
    }

    package var choice: Choice {
        guard let secondsLeft, let secondsUnderWay else { return .save }
        // One that takes longer than expected may still take as long as it has.
        let rest = max(saveSeconds - secondsUnderWay, min(secondsUnderWay, saveSeconds) / 4)
        if rest + saveSeconds <= secondsLeft { return .save }
        return saveSeconds <= secondsLeft ? .saveInstead : .complete
    }

    /// The line about a choice that costs steps or time; nil for the usual one.
    ///
    /// - Parameters:
    ///   - step: at which the run stops.
    ///   - other: of the checkpoint under way.
    package func note(step: Int, other: Int?) -> String? {
        guard let secondsLeft else { return nil }
        let facts =
            "\(max(0, secondsLeft).formattedTo(1)) s are left of checkpoint.stop_seconds, and a "
            + "checkpoint takes about \(saveSeconds.formattedTo(1)) s"
        switch (choice, other) {
        case (.save, _) where saveSeconds > secondsLeft:
            return "\(facts): it may not be saved in time"
        case (.saveInstead, let other?):
            return "\(facts): that of step \(other), which was under way, gives way to step \(step)"
        case (.complete, let other?):
            return "\(facts): step \(step) is not saved, that of step \(other) is completed"
        default: return nil
        }
    }
}

extension StopBudget {
    /// The time that is left on the rank that was asked first. Collective.
    static func agree(_ setup: TrainerSetup, _ saver: CheckpointSaver) throws -> StopBudget {
        let age = setup.stopRequest.age.map { $0 / .seconds(1) } ?? 0
        let agreed = try setup.communicator.allReduce(
            [age, saver.lastSeconds ?? setup.saveSeconds ?? 0, saver.secondsUnderWay ?? -1],
            .maximum)
        return StopBudget(
            secondsLeft: setup.checkpoint.stopSeconds.map { Double($0) - agreed[0] },
            saveSeconds: agreed[1], secondsUnderWay: agreed[2] < 0 ? nil : agreed[2])
    }
}
