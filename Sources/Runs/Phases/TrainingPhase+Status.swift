import Diagnostics
import Monitoring
import Training

extension TrainingPhase {
    /// Adds a live status where a person looks at a terminal; several runs that share one have none.
    func watch(_ setup: inout TrainerSetup, from step: Int) -> TerminalStatus? {
        guard communicator.rank == 0, name == nil, ConsoleFormat.current == .text,
            let terminal = LiveTerminal.find()
        else { return nil }
        var figures = StatusFigures(stepCount: setup.stepCount, firstStep: step)
        figures.validationSteps = setup.validation == nil ? -1 : setup.evaluation.everySteps
        figures.checkpointSteps = setup.checkpoint.everySteps
        let status = TerminalStatus(figures, on: terminal)
        setup.watchers.append(status)
        return status
    }
}
