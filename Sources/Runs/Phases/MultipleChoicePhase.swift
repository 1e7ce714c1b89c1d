import Collectives
import Datasets
import Evaluation
import ModelFiles
import Training

/// `evaluate --tasks`: the share of multiple-choice questions that a model answers rightly.
package struct MultipleChoicePhase {
    package let communicator: any Communicator
    package let compute: ComputeResources
    /// How the weights lie in memory.
    package var weights = HeldWeights.stored

    package init(communicator: any Communicator, compute: ComputeResources) {
        (self.communicator, self.compute) = (communicator, compute)
    }

    /// Answers the questions of the tasks; the report is the same on every rank. Collective.
    package func run(
        model directory: String, base: String? = nil, tasks paths: [String], shots: Int, limit: Int?
    ) throws -> MultipleChoiceReport {
        let device = compute.makeDevice()
        let (choice, tasks, inputs) = try communicator.agree {
            let tasks = try paths.flatMap { try ChoiceTask.read($0) }
            for task in tasks { try task.requireExamples(shots) }
            let (model, tokenizer) = try LoadedModel.load(
                directory, base: base, device: device,
                copyCount: communicator.neighbourCount, weights: weights)
            return (
                MultipleChoice(model: model, tokenizer: tokenizer), tasks,
                try RankInputs(files: tasks.flatMap(\.files))
                    + RankInputs(tokenizer, at: directory) + RankInputs(model, at: directory)
            )
        }
        try inputs.requireEqual(over: communicator)
        return MultipleChoiceReport(
            shots: shots,
            results: try tasks.map { task in
                (task, try choice.results(of: task, shots: shots, limit: limit, over: communicator))
            })
    }
}
