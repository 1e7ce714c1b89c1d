import Options

/// Options of when and how checkpoints are written.
package struct CheckpointOptions: OptionBlock {
    /// How the ranks write a checkpoint.
    package enum InputOutput: String, OptionChoice {
        /// Every rank writes its part into files that all can see; before that it copies the part:
        /// 12 bytes a parameter, divided by the ranks.
        case shared
        /// Rank 0 copies everything, 12 bytes a parameter, and writes alone.
        case gather
    }

    /// Steps between two checkpoints; 0 saves at the end alone; usual 100 to 5000.
    package var everySteps = 1000
    /// Newest checkpoints that are kept; 0 keeps all; usual 2 to 5.
    package var keepLast = 3
    /// How the ranks write checkpoints; usual shared.
    package var inputOutput = InputOutput.shared

    /// Whether the checkpoint of the lowest validation loss is saved and kept, as `best`.
    package var keepBest = false

    /// Seconds within which a run that is asked to stop has saved; by default it takes the time that it
    /// takes; usual: what a batch system leaves between its signal and the end.
    package var stopSeconds: Int?

    package init() {}

    package static var fields: [OptionField<CheckpointOptions>] {
        [
            OptionField("every_steps", \.everySteps, .atLeast(0), .changesFreely),
            OptionField("keep_last", \.keepLast, .atLeast(0), .changesFreely),
            OptionField("io", \.inputOutput, .changesFreely),
            OptionField("keep_best", \.keepBest, .changesFreely)
                .also(in: "evaluate", "finetune", "merge", "export", "generate"),
            OptionField("stop_seconds", \.stopSeconds, .atLeast(1), .changesFreely),
        ]
    }
}
