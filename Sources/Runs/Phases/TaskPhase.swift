import Collectives
import Diagnostics
import Evaluation
import ModelFiles
import Training

/// `evaluate --tasks`: how well a model answers the questions of tasks.
package struct TaskPhase {
    package let communicator: any Communicator
    package let compute: ComputeResources
    /// How the weights lie in memory.
    package var weights = HeldWeights.stored

    package init(communicator: any Communicator, compute: ComputeResources) {
        (self.communicator, self.compute) = (communicator, compute)
    }

    /// Evaluates the tasks; the report is the same on every rank. Collective.
    ///
    /// - Parameter shots: answered questions before each; nil for as many as each task says.
    package func run(
        model directory: String, base: String? = nil, tasks words: [String], shots: Int?,
        limit: Int?
    ) throws -> TaskReport {
        let device = compute.makeDevice()
        let (model, suite, inputs) = try communicator.agree {
            let tasks = try words.flatMap { try TaskCatalog.tasks($0) }
            let (model, tokenizer) = try LoadedModel.load(
                directory, base: base, device: device,
                copyCount: communicator.neighbourCount, weights: weights)
            let suite = TaskSuite(tasks, tokenizer, shots: shots, limit: limit)
            return (
                model, suite,
                try RankInputs(files: suite.files) + RankInputs(tokenizer, at: directory)
                    + RankInputs(model, at: directory)
            )
        }
        try inputs.requireEqual(over: communicator)
        return try suite.report(of: model, over: communicator)
    }
}
