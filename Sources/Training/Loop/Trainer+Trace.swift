import Diagnostics

extension TrainerSetup {
    /// Begins to trace, where the recipe asks for it. Collective.
    func beginTrace() throws -> StepProfiler? {
        try model.device.trace.map {
            try StepProfiler(
                $0, over: communicator, islandNumber: islands?.number ?? 0,
                directory: metrics?.directory)
        }
    }
}

extension Trainer {
    /// Where this thread leaves a trace; nil where nobody traces.
    var trace: TraceTrack? { setup.model.device.trace?.training }

    /// Ends the trace of the first steps and writes it, unless that has been done. Collective.
    func finishTrace() throws {
        guard let profiler, !profiler.isDone else { return }
        try setup.board.uncounted {
            // The trace travels over the channel of messages that follow each other.
            try setup.optimizer.completeParameters()
            guard let line = try profiler.finish() else { return }
            setup.logger.log(level: line.isWarning ? .warning : .info, "\(line.text)")
        }
    }

    /// Ends the trace with the run, or tells again what came out of an earlier one. Collective.
    func endTrace() throws {
        guard let profiler else { return }
        guard profiler.isDone else { return try finishTrace() }
        if let sentence = profiler.summary?.sentence {
            setup.logger.info("in the traced steps \(sentence)")
        }
    }
}
