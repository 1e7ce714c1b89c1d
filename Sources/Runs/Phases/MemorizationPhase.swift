import Collectives
import Datasets
import Evaluation
import ModelFiles
import Training

/// `evaluate --memorization`: how much of shards a model writes on by heart.
package struct MemorizationPhase {
    package let communicator: any Communicator
    package let compute: ComputeResources
    /// How the weights lie in memory.
    package var weights = HeldWeights.stored

    package init(communicator: any Communicator, compute: ComputeResources) {
        (self.communicator, self.compute) = (communicator, compute)
    }

    /// The report is the same on every rank. Collective.
    package func run(
        model directory: String, base: String? = nil, data: String, _ probe: MemorizationProbe
    ) throws -> MemorizationReport {
        let device = compute.makeDevice()
        let (model, tokenizer, stream, inputs) = try communicator.agree {
            let (model, tokenizer) = try LoadedModel.load(
                directory, base: base, device: device,
                copyCount: communicator.neighbourCount, weights: weights)
            let stream = try TokenStream(resolving: data, split: .train)
            try stream.require(tokenizer)
            return (model, tokenizer, stream, RankInputs(stream) + RankInputs(model, at: directory))
        }
        try inputs.requireEqual(over: communicator)
        return try probe.report(
            on: stream, of: TaskModel(model, tokenizer), tokenizer, over: communicator)
    }
}
