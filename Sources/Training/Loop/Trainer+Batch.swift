import Datasets

extension Trainer {
    /// The batch of the next step, read or made.
    func nextBatch(
        _ clock: inout LapClock
    ) throws -> (TokenBatch, ExperiencedBatch?) {
        if let experience = setup.experience {
            // Others wait for what this rank brings to its node.
            try setup.optimizer.completeParameters()
            let made = try setup.board.uncounted {
                try experience.batch(
                    step: state.step, sequences: gradientStep.sequences,
                    over: setup.communicator)
            }
            clock.lap("rollout")
            return (made.batch, made)
        }
        guard let reader else { preconditionFailure("a batch is read or made") }
        let draft = try setup.board.awaitingFiles(
            "the batch of step \(state.step + 1)", reader.next)
        let batch = try draft.completed(over: setup.communicator)
        clock.lap("data")
        return (batch, nil)
    }
}
