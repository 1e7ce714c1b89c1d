import Corpus
import Datasets
import Diagnostics
import Evaluation
import FineTuning
import Generation
import ModelFiles
import Models
import Options
import Tokenizers
import Training

/// Everything that decides a run: the phases and all their options.
///
/// `Recipe.load` reads one from YAML and `key=value` overrides; what it returns is resolved
/// (no default is left to be derived from another key) and valid for its phases.
package struct Recipe: Equatable, Sendable {
    /// The parts of a run.
    package enum Phase: String, OptionChoice {
        case corpus, prepare, pretrain, evaluate, finetune, merge, export, generate
    }

    /// The name of the run; required.
    package var name = ""
    /// Decides the initial weights, the order of the data, dropout and samples; usual any.
    package var seed = 1
    /// The run directory; by default runs/NAME.
    package var output = ""
    /// The directory to which relative paths belong; a run stores its own in its recipe; by default
    /// the working directory.
    package var directory: String?
    /// The phases that `run` carries out, in this order; usual prepare, pretrain, evaluate,
    /// generate.
    package var phases = [Phase.pretrain]

    package var corpus = CorpusOptions()
    package var deduplicate = DeduplicateOptions()
    package var near = NearOptions()
    package var decontaminate = DecontaminateOptions()
    package var tokenizer = TokenizerOptions()
    package var prepare = PrepareOptions()
    package var data = DataOptions()
    package var model = ModelOptions()
    package var initial = InitOptions()
    package var train = TrainOptions()
    package var outer = OuterOptions()
    package var optimizer = OptimizerOptions()
    package var checkpoint = CheckpointOptions()
    package var metrics = MetricsOptions()
    package var evaluate = EvaluationOptions()
    package var pairwise = PairwiseOptions()
    package var finetune = FineTuneOptions()
    package var lora = LoRAOptions()
    package var merge = MergeOptions()
    package var export = ExportOptions()
    package var generate = GenerateOptions()

    /// The run directory of which this is the stored recipe; nil for a recipe that somebody wrote.
    package var storedRun: String?

    package init() {}
}

extension Recipe: OptionBlock {
    /// The keys outside all blocks.
    package static var fields: [OptionField<Recipe>] {
        [
            OptionField("name", \.name, .changesFreely),
            OptionField("seed", \.seed, .atLeast(0), .decidesWeights),
            OptionField("output", \.output, .changesFreely).naming(.output),
            OptionField("directory", \.directory, .changesFreely),
            OptionField("phases", \.phases, .changesFreely),
        ]
    }

    /// All keys of a recipe, in the order in which it is printed.
    package static var keys: [RecipeKey] {
        // Those that come after a fine-tuning look for what it made.
        let tuning: Set<Phase> = [.finetune, .merge, .export]
        let pretraining = BlockTraits(remakes: .pretrain)
        let tuned = BlockTraits(remakes: .finetune, isRare: true, isOfAnotherRun: true)
        let watched = BlockTraits(isRare: true, isOfAnotherRun: true)
        let rare = BlockTraits(remakes: .finetune, isRare: true)
        let raw = BlockTraits(remakes: .corpus, isRare: true)
        return [
            RecipeKey.keys(of: nil, at: \.self),
            RecipeKey.keys(of: "corpus", at: \.corpus, for: [.corpus], raw),
            RecipeKey.keys(of: "corpus.deduplicate", at: \.deduplicate, for: [.corpus], raw),
            RecipeKey.keys(of: "corpus.deduplicate.near", at: \.near, for: [.corpus], raw),
            RecipeKey.keys(of: "corpus.decontaminate", at: \.decontaminate, for: [.corpus], raw),
            RecipeKey.keys(
                of: "tokenizer", at: \.tokenizer, for: [.prepare], BlockTraits(remakes: .prepare)),
            RecipeKey.keys(
                of: "prepare", at: \.prepare, for: [.prepare], BlockTraits(remakes: .prepare)),
            RecipeKey.keys(of: "data", at: \.data, for: [.pretrain], pretraining),
            RecipeKey.keys(of: "model", at: \.model, for: [.pretrain], pretraining),
            RecipeKey.keys(of: "init", at: \.initial, for: [.pretrain], pretraining),
            RecipeKey.keys(of: "train", at: \.train, for: [.pretrain], pretraining),
            RecipeKey.keys(of: "optimizer", at: \.optimizer, for: [.pretrain], pretraining),
            RecipeKey.keys(
                // A run that goes on as one island for a while keeps them.
                of: "outer", at: \.outer, for: [.pretrain],
                BlockTraits(remakes: .pretrain, isRare: true)),
            RecipeKey.keys(of: "checkpoint", at: \.checkpoint, for: [.pretrain]),
            RecipeKey.keys(
                of: "metrics", at: \.metrics, for: [.pretrain, .finetune],
                BlockTraits(isRare: true)),
            RecipeKey.keys(
                of: "evaluate", at: \.evaluate, for: [.pretrain], when: [.given("data.validation")]
            ),
            RecipeKey.keys(
                of: "evaluate.pairwise", at: \.pairwise, for: [.evaluate],
                BlockTraits(isRare: true)),
            RecipeKey.keys(of: "finetune", at: \.finetune, for: tuning, rare),
            RecipeKey.keys(
                of: "finetune.columns", at: \.finetune.columns, for: tuning,
                when: [
                    .key(
                        "finetune.task", is: "instructions", "preference", "reward", "policy",
                        "distillation")
                ], rare),
            RecipeKey.keys(
                of: "finetune.preference", at: \.finetune.preference, for: tuning,
                when: [.key("finetune.task", is: "preference")], rare),
            RecipeKey.keys(
                of: "finetune.preference.losses", at: \.finetune.preference.losses, for: tuning,
                when: [.key("finetune.task", is: "preference")], rare),
            RecipeKey.keys(
                of: "finetune.reward", at: \.finetune.reward, for: tuning,
                when: [.key("finetune.task", is: "reward")], rare),
            RecipeKey.keys(
                of: "finetune.policy", at: \.finetune.policy, for: tuning,
                when: [.key("finetune.task", is: "policy")], rare),
            RecipeKey.keys(
                of: "finetune.policy.stop", at: \.finetune.policy.stop, for: tuning,
                when: [.key("finetune.task", is: "policy")], rare),
            RecipeKey.keys(
                of: "finetune.distillation", at: \.finetune.distillation, for: tuning,
                when: [.key("finetune.task", is: "distillation")], rare),
            RecipeKey.keys(
                of: "finetune.train", at: \.finetune.train, for: tuning,
                idle: ["islands": "a fine-tuning is made by all ranks as one"], tuned),
            RecipeKey.keys(of: "finetune.optimizer", at: \.finetune.optimizer, for: tuning, tuned),
            RecipeKey.keys(
                of: "finetune.checkpoint", at: \.finetune.checkpoint, for: tuning, watched),
            RecipeKey.keys(
                of: "finetune.evaluate", at: \.finetune.evaluate, for: tuning,
                when: [
                    .given("finetune.validation")
                        .or(.key("finetune.validation_fraction", isNot: "0.0"))
                ], idle: ["batches": "a fine-tuning validates on all examples that are held out"],
                watched),
            RecipeKey.keys(
                of: "lora", at: \.lora, for: [.finetune],
                when: [.key("finetune.trained", is: "lora")], rare),
            RecipeKey.keys(
                of: "merge", at: \.merge, for: [.merge], BlockTraits(remakes: .merge, isRare: true)),
            RecipeKey.keys(
                of: "export", at: \.export, for: [.export],
                BlockTraits(remakes: .export, isRare: true)),
            RecipeKey.keys(
                of: "generate", at: \.generate, for: [.generate],
                orIn: { $0.generate.everySteps > 0 ? [.pretrain, .finetune] : [] }),
        ].flatMap { $0 }
    }
}
