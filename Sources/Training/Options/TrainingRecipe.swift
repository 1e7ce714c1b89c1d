import Datasets
import Evaluation
import Models
import Options
import Tensors

/// The part of a recipe that one training has to know: pretraining makes one of its own blocks,
/// fine-tuning one of the blocks inside `finetune`.
package struct TrainingRecipe: Equatable, Sendable {
    /// Decides the initial weights, the order of the data and dropout.
    package var seed: Int
    /// The run directory.
    package var output: String
    package var data: DataOptions
    package var model: ModelOptions
    package var initial: InitOptions
    package var train: TrainOptions
    package var optimizer: OptimizerOptions
    package var checkpoint: CheckpointOptions
    package var evaluate: EvaluationOptions

    package init(
        seed: Int, output: String, data: DataOptions, model: ModelOptions, initial: InitOptions,
        train: TrainOptions, optimizer: OptimizerOptions, checkpoint: CheckpointOptions,
        evaluate: EvaluationOptions
    ) {
        self.seed = seed
        self.output = output
        self.data = data
        self.model = model
        self.initial = initial
        self.train = train
        self.optimizer = optimizer
        self.checkpoint = checkpoint
        self.evaluate = evaluate
    }

    /// T, the tokens in a sequence.
    ///
    /// - Precondition: the recipe has been settled.
    package var sequenceLength: Int {
        guard let length = train.sequenceLength ?? model.contextLength else {
            preconditionFailure("the sequence length has not been settled")
        }
        return length
    }

    /// Whether bf16 is asked for and the processor has it.
    package var multipliesBFloat16: Bool {
        train.precision == .bf16 && ComputeKernels.hasBFloat16
    }
}

/// The source of a run's weights.
package struct InitOptions: OptionBlock {
    /// A model directory to go on from (continued pretraining, fine-tuning); without it the
    /// weights are drawn at random from the seed.
    package var from: String?

    package init() {}

    package static var fields: [OptionField<InitOptions>] {
        let sizes = ModelOptions.sizeKeys.map { "model.\($0)" }
        return [OptionField("from", \.from, .decidesWeights).naming(.input).replacing(sizes)]
    }
}
