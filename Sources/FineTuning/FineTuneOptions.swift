import Datasets
import Evaluation
import Options
import Training

/// Options of what a model becomes, from which examples, and which of its weights change.
package struct FineTuneOptions: OptionBlock {
    package enum Task: String, OptionChoice {
        /// Answers to instructions and in conversations.
        case instructions
        /// The class of a text.
        case classification
        /// Which of two answers is better, or whether one is good; see the block preference.
        case preference
        /// How good an answer is, as a number; see the block reward.
        case reward
        /// Answers that the model gives itself, by their rewards; see the block policy.
        case policy
        /// What another model says of answers; see the block distillation.
        case distillation

        /// Whether the model has a head beside its output layer.
        package var hasHead: Bool { self == .classification || self == .reward }

        /// The ways in which its examples may share sequences.
        package var packings: Set<Packing> {
            switch self {
            case .instructions, .distillation: [.none, .isolated, .joined]
            case .classification: [.none, .isolated]
            case .preference, .reward, .policy: [.none]
            }
        }
    }

    /// The weights that change.
    package enum Trained: String, OptionChoice {
        /// Adapters beside frozen weights; see the block lora.
        case lora
        /// The head of a classifier alone.
        case head
        /// The last blocks, the last norm, and a head.
        case lastBlocks = "last_blocks"
        case all
    }

    /// How much an example of each class counts.
    package enum ClassWeights: String, OptionChoice {
        /// The examples of all classes count alike.
        case none
        /// The rarer, the more: examples / (classes x examples of the class).
        case balanced
    }

    /// The kind of the examples; usual instructions.
    package var task = Task.instructions
    /// The model directory to start from; by default what an earlier phase of the recipe made.
    package var from: String?
    /// The model for which the adapter in from was made, where it has moved.
    package var base: String?
    /// The run directory of this phase; by default OUTPUT/finetune.
    package var output: String?
    /// The files of examples: JSON, JSONL, CSV or TSV.
    package var data: [String] = []
    /// Words that become tokens of their own, beside those of the model; usual none.
    package var addTokens: [String] = []
    /// The same for marks, such as <|tool|>, which are no text; usual none.
    package var addSpecialTokens: [String] = []
    /// Whether a model that has fewer rows than its tokenizer has tokens gets the rows that it lacks.
    package var resize = false
    /// Files of held-out examples; by default a part of data is held out.
    package var validation: [String] = []
    /// Files of examples for the report at the end; by default a part of data is held out.
    package var test: [String] = []
    /// Share of data held out for validation, where validation names no files; usual 0.1.
    package var validationFraction = 0.1
    /// Share of data held out for the report at the end, where test names no files; usual 0 to 0.2.
    package var testFraction = 0.0
    /// The weights that change; usual lora.
    package var trained = Trained.lora
    /// The number of blocks that change with last_blocks; usual 1 to 4.
    package var lastBlocks = 1
    /// The format of conversations; by default the model's own, else alpaca.
    package var template: String?
    /// The tokens that are learnt; usual answers.
    package var lossOn = LossOn.answers
    /// Whether several conversations share a sequence; usual false or isolated.
    package var packing = Packing.none
    /// The encoding of the files of examples.
    package var encoding = TextEncoding.utf8
    /// What becomes of a record that cannot be used; usual refuse.
    package var onBadRecord = BadRecordPolicy.refuse
    /// The names of the columns, or keys, of instructions and chats, where they are unusual.
    package var columns = ColumnOptions()
    /// The column, or key, of a text to classify.
    package var textColumn: String?
    /// The column, or key, of its class.
    package var labelColumn: String?
    /// Whether each class keeps as many examples as the rarest has.
    package var balanced = false
    /// How much an example of each class counts; usual none.
    package var classWeights = ClassWeights.none
    /// Several adapters at once, each trained by a group of ranks: for each the keys in which it
    /// differs from this recipe, such as "lora.rank=4 finetune.data=b.json".
    package var variants: [String] = []
    /// How answers that are preferred are learnt.
    package var preference = PreferenceOptions()
    /// How a model learns to score answers.
    package var reward = RewardOptions()
    /// How a model learns from its own answers.
    package var policy = PolicyOptions()
    /// How a model learns from another one.
    package var distillation = DistillationOptions()

    package var train = Self.trainOptions
    package var optimizer = Self.optimizerOptions
    package var checkpoint = CheckpointOptions()
    package var evaluate = EvaluationOptions()

    package init() {}

    /// The blocks that a fine-tuning has of its own, in the place of those of the same name outside it.
    package static let runBlocks = ["train", "optimizer", "checkpoint", "evaluate"]

    private static var trainOptions: TrainOptions {
        var train = TrainOptions()
        train.globalBatchSize = 8
        train.microBatchSize = 4
        return train
    }

    private static var optimizerOptions: OptimizerOptions {
        var optimizer = OptimizerOptions()
        optimizer.learningRate = 1e-4
        optimizer.beta2 = 0.999
        optimizer.weightDecay = 0.01
        return optimizer
    }

    package static var fields: [OptionField<FineTuneOptions>] {
        [
            OptionField("task", \.task, .decidesWeights).replacing(
                ["packing"], where: ["classification", "preference", "reward", "policy"]),
            OptionField("from", \.from, .decidesWeights).naming(.input),
            OptionField("base", \.base, .changesFreely).naming(.input).addedLater,
            OptionField("output", \.output, .changesFreely).naming(.output),
            OptionField("add_tokens", \.addTokens, .decidesWeights).addedLater,
            OptionField("add_special_tokens", \.addSpecialTokens, .decidesWeights).addedLater,
            OptionField("resize", \.resize, .decidesWeights).addedLater,
            OptionField("data", \.data, .decidesWeights).naming(.input),
            OptionField("validation", \.validation, .decidesWeights).naming(.input)
                .replacing(["validation_fraction"]),
            OptionField("test", \.test, .decidesWeights).naming(.input).replacing(["test_fraction"])
                .when(.key("task", is: "classification")),
            OptionField(
                "validation_fraction", \.validationFraction, .fromZeroBelowOne, .decidesWeights
            )
            .replacing(["validation"]).when(.missing("validation")),
            OptionField("test_fraction", \.testFraction, .fromZeroBelowOne, .decidesWeights)
                .replacing(["test"])
                .when(.missing("test"), .key("task", is: "classification")),
            OptionField("trained", \.trained, .decidesWeights)
                .replacing(["finetune.train.freeze"], where: ["lora", "head", "last_blocks"]),
            OptionField("last_blocks", \.lastBlocks, .atLeast(1), .decidesWeights)
                .when(.key("trained", is: "last_blocks")),
            OptionField("template", \.template, .decidesWeights).naming(.inputOrName)
                .when(
                    .key(
                        "task", is: "instructions", "preference", "reward", "policy",
                        "distillation")),
            OptionField("loss_on", \.lossOn, .decidesWeights).when(
                .key("task", is: "instructions", "distillation")),
            OptionField("packing", \.packing, .decidesWeights).meaning(["true": "joined"]),
            OptionField("encoding", \.encoding, .decidesWeights).addedLater,
            OptionField("on_bad_record", \.onBadRecord, .decidesWeights).addedLater,
            OptionField("text_column", \.textColumn, .decidesWeights).when(
                .key("task", is: "classification")),
            OptionField("label_column", \.labelColumn, .decidesWeights).when(
                .key("task", is: "classification")),
            OptionField("balanced", \.balanced, .decidesWeights).when(
                .key("task", is: "classification")),
            OptionField("class_weights", \.classWeights, .decidesWeights).when(
                .key("task", is: "classification")),
            OptionField("variants", \.variants, .decidesWeights),
        ]
    }
}
