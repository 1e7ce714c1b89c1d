import Diagnostics
import Files
import Logging
import Machine
import Training

extension TrainingPhase {
    /// What the training will cost, as `plan` tells it, but measured briefly; nil where islands train, of
    /// which there is no plan. Collective.
    func plan(
        _ recipe: Recipe, _ task: any TrainingTask, from start: RunStart
    ) throws -> RunPlan? {
        guard recipe.train.islands == 1 else { return nil }
        return try PlannedTraining(
            recipe: recipe, subject: PlannedTask(task), phase: self,
            ownBytes: MemoryRoom.current.residentBytes
        ).plan(measuring: .briefly, firstStep: start.state?.step ?? 0)
    }
}

extension RunPlan {
    /// Tells the summary, and keeps the plan for the report.
    func announce(in directory: RunDirectory, _ logger: Logger) throws {
        logger.info("\(summary)")
        try PublishedFile.write(
            Array((json.text(isPretty: true) + "\n").utf8),
            to: "\(directory.path)/\(Self.fileName)")
    }
}
