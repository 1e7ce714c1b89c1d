import ArgumentParser
import Benchmarks
import Diagnostics
import ModelFiles
import Models
import Tensors

/// The model that `bench` measures, and what computes it.
struct BenchModelFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp("Named sizes (\(BenchRecipe.usualPreset.rawValue)).", valueName: "name"))
    var preset: String?

    @Option(help: ArgumentHelp("Blocks, instead of the preset's.", valueName: "n"))
    var layers: String?

    @Option(help: ArgumentHelp("Attention heads, instead of the preset's.", valueName: "n"))
    var heads: String?

    @Option(help: ArgumentHelp("Embedding size, instead of the preset's.", valueName: "n"))
    var width: String?

    @Option(
        help: ArgumentHelp("Tokens (\(BenchRecipe.usualVocabularySize)).", valueName: "n"))
    var vocabularySize: String?

    @Option(help: ArgumentHelp("fp32 or bf16 (fp32).", valueName: "format"))
    var precision: String?

    @Option(
        name: [.customLong("threads-per-rank"), .customLong("threads")],
        help: ArgumentHelp("Threads; by default all cores are shared out.", valueName: "n"))
    var threadsPerRank: String?

    /// The flags as keys of a recipe.
    var keys: [BenchRecipe.FlagValue] {
        [
            ("--preset", "model.preset", preset), ("--layers", "model.layer_count", layers),
            ("--heads", "model.head_count", heads), ("--width", "model.embedding_size", width),
            ("--vocabulary-size", "model.vocabulary_size", vocabularySize),
            ("--precision", "train.precision", precision),
            ("--threads-per-rank", "train.threads_per_rank", threadsPerRank),
        ]
    }

    /// The names of the flags that were given.
    var given: [String] { keys.filter { $0.value != nil }.map(\.flag) }
}

/// A training step of `bench`.
struct BenchTrainingFlags: ParsableArguments {
    @Option(help: ArgumentHelp("Tokens in a sequence (256).", valueName: "n"))
    var sequenceLength: String?

    @Option(help: ArgumentHelp("Sequences of a micro-step, over all ranks (4).", valueName: "n"))
    var microBatchSize: String?

    @Option(help: ArgumentHelp("Micro-steps in a step (1).", valueName: "n"))
    var accumulate: String?

    @Option(help: ArgumentHelp("Steps to measure, after the warm-up (6).", valueName: "n"))
    var steps: String?

    @Option(help: ArgumentHelp("auto, none or zero1 (auto).", valueName: "kind"))
    var optimizerSharding: String?

    @Option(help: ArgumentHelp("Format of gradients between ranks (fp32).", valueName: "format"))
    var gradientDtype: String?

    @Option(help: ArgumentHelp("shared or private.", valueName: "kind"))
    var nodeMemory: String?

    @Option(help: ArgumentHelp("none or blocks (none).", valueName: "kind"))
    var recompute: String?

    var stepCount: Int { steps.flatMap { Int($0) } ?? BenchRecipe.usualStepCount }

    /// The flags as keys of a recipe; batch sizes and steps are settled by the world.
    var keys: [BenchRecipe.FlagValue] {
        [
            ("--sequence-length", "train.sequence_length", sequenceLength),
            ("--micro-batch-size", "train.micro_batch_size", microBatchSize),
            ("--steps", "train.steps", steps),
            ("--optimizer-sharding", "train.optimizer_sharding", optimizerSharding),
            ("--gradient-dtype", "train.gradient_dtype", gradientDtype),
            ("--node-memory", "train.node_memory", nodeMemory),
            ("--recompute", "train.recompute", recompute),
        ]
    }

    /// The names of the flags that were given.
    var given: [String] {
        keys.filter { $0.value != nil }.map(\.flag) + (accumulate == nil ? [] : ["--accumulate"])
    }
}

/// What `bench --generate` measures.
struct BenchGenerationFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A model directory, GGUF file, checkpoint or run; by default random weights.",
            valueName: "dir"))
    var model: String?

    @Option(help: "Of quantised weights: exact or int8 (exact).")
    var compute: QuantizedArithmetic?

    @Option(help: "Quantise the weights: q8_0, q4_k or none (as they are stored).")
    var quantize: WeightQuantization?

    @Option(
        help: ArgumentHelp(
            "How keys and values are kept: f32, bf16 or q8 (f32).", valueName: "format"))
    var cache: KeyValueFormat?

    @Option(help: ArgumentHelp("Tokens of the prompt (128).", valueName: "n"))
    var promptLength: Int?

    @Option(help: ArgumentHelp("Tokens to decode (64).", valueName: "n"))
    var tokens: Int?

    @Option(help: ArgumentHelp("Sequences that go on at once from the prompt (1).", valueName: "n"))
    var streams: Int?

    /// The names of the flags that were given.
    var given: [String] {
        [
            ("--model", model != nil), ("--compute", compute != nil),
            ("--quantize", quantize != nil), ("--cache", cache != nil),
            ("--prompt-length", promptLength != nil), ("--tokens", tokens != nil),
            ("--streams", streams != nil),
        ].filter(\.1).map(\.0)
    }

    /// - Throws: A usage `Failure` for what has no effect on random weights.
    func measured() throws -> MeasuredModel {
        guard let model else {
            guard compute == nil, quantize == nil else {
                throw Failure(
                    "\(compute == nil ? "--quantize" : "--compute") has no effect",
                    expected: "a model to be named", got: "random weights",
                    remedy: "add --model, or leave it out", kind: .usage)
            }
            return MeasuredModel(cache: cache ?? .floats)
        }
        return MeasuredModel(
            path: try ModelPath(model).directory, quantization: quantize, arithmetic: compute,
            cache: cache ?? .floats)
    }
}
