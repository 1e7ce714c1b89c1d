import Diagnostics

extension TrainerState {
    /// Steps that made no update.
    var skippedCount: Int { step - updateCount }

    /// Why a run that stands here is not done well: its last figures are no numbers; nil where they
    /// are.
    var failureAtEnd: Failure? {
        if skippedInARow > 0 {
            return Failure(
                "the run ended without a finite loss or gradient",
                expected: "a last step that counts", got: "\(skippedInARow) skipped in a row",
                at: "step \(step)",
                remedy: updateCount == 0
                    ? "no step has changed the weights: those that the run began with overflow"
                    : "its checkpoint holds the weights of the step before those; begin again "
                        + FailureText(
                            "with a lower \(key: "optimizer.learning_rate") or more warmup_steps"))
        }
        guard let loss = validationLoss, !loss.isFinite else { return nil }
        return Failure(
            "the run ended without a finite validation loss", expected: "a number", got: "\(loss)",
            at: "step \(step)",
            remedy: FailureText(
                "go on from an earlier checkpoint, with a lower \(key: "optimizer.learning_rate")"
            ))
    }
}
