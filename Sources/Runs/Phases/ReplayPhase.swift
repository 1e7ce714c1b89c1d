import Collectives
import Diagnostics
import Evaluation
import Files
import Training

/// `replay`: one step of a run again, on one rank, from the nearest checkpoint before it.
///
/// Nothing is written, and no lock is taken: a run that is at work is not disturbed.
package struct ReplayPhase {
    /// The run directory.
    package let run: String
    package let step: Int
    /// Whether the loss of each sequence is told.
    package let listsSequences: Bool

    package init(run: String, step: Int, listsSequences: Bool = false) {
        (self.run, self.step, self.listsSequences) = (run, step, listsSequences)
    }

    /// A step, what the run recorded of it, and where its batch comes from.
    package struct Result {
        package let step: ReplayResult
        package let recorded: RecordedStep
        /// The checkpoint from which the step was reached, and those that were passed over.
        package let start: RunStart
        package let task: any TrainingTask
        /// The recipe of the run, with nothing left open.
        package let recipe: Recipe
    }

    /// - Throws: `Failure` where there is no run, no such step, or a file of it is missing.
    package func compute() throws -> Result {
        var recipe = try recipe()
        recipe.evaluate.tasks = []
        let recorded = try RecordedStep(step: step, in: run + "/metrics.jsonl")
        let start = try RunStart.before(
            step: step, in: CheckpointStore(directory: run + "/checkpoints"))
        let communicator = SingleProcess()
        let opened: any TrainingTask =
            recipe.phases == [.finetune]
            ? try FineTunePhase.task(recipe)
            : try PretrainingTask(
                recipe.training, DataStreams.gathered(recipe.data, over: communicator))
        let phase = TrainingPhase(
            isResuming: true,
            compute: try ComputeResources.agree(threadsPerRank: nil, over: communicator),
            communicator: communicator
        ).taking(kernelsOf: start)
        let settled = try phase.settle(recipe, opened, start)
        let task = try phase.prepare(opened, settled, start, to: step, RunLog.logger(rank: 1))
        var setup = try phase.makeSetup(
            settled, task, metrics: nil, .never, try RunLog.logger(rank: 1))
        setup.experience?.isStored = true
        let state = try phase.load(&setup, start, settled)
        let replay = try Replay(
            setup, state: state, schedules: try ScheduleHistory(ofRun: run))
        return Result(
            step: try replay.compute(step: step, listsSequences: listsSequences),
            recorded: recorded, start: start, task: task,
            recipe: settled)
    }

    /// The recipe of the run, wherever its directory lies now.
    private func recipe() throws -> Recipe {
        let path = run + "/recipe.yaml"
        guard try DirectoryEntries.isThere(path, followsLinks: true) else {
            throw Failure(
                "this is no run directory", expected: "recipe.yaml in it", got: "no such file",
                at: run, remedy: "name the output of a run, such as runs/NAME", kind: .usage)
        }
        let isFineTuning =
            try Recipe(decoding: RecipeFile(path: path), isRelocating: false).phases == [.finetune]
        var recipe = try Recipe.load(path: path, phases: [isFineTuning ? .finetune : .pretrain])
        guard recipe.train.islands == 1 || isFineTuning else {
            throw Failure(
                "a step of islands cannot be computed again on one rank",
                expected: FailureText("a run with \(key: "train.islands") 1"),
                got: "\(recipe.train.islands)", at: run, kind: .usage)
        }
        recipe.output = run
        recipe.data.validation = nil
        return recipe
    }
}
