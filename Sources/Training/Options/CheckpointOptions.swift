/// When and how checkpoints are written.
package struct CheckpointOptions: OptionBlock {
    /// How the ranks write a checkpoint.
    package enum InputOutput: String, OptionChoice {
        /// Every rank writes its part into one file on a shared file system.
        case shared
        /// The parts go to rank 0, which writes alone.
        case gather
    }

    /// Steps between two checkpoints; 0 saves at the end alone; usual 100 to 5000.
    package var everySteps = 1000
    /// Newest checkpoints that are kept; 0 keeps all; usual 2 to 5.
    package var keepLast = 3
    /// How the ranks write; usual shared.
    package var inputOutput = InputOutput.shared

    package init() {}

    package static var fields: [OptionField<CheckpointOptions>] {
        [
            OptionField("every_steps", \.everySteps, .atLeast(0)),
            OptionField("keep_last", \.keepLast, .atLeast(0)),
            OptionField("io", \.inputOutput),
        ]
    }
}
