import Diagnostics
import Models
import Options

/// Options of how long, in what portions and with which resources a run trains.
package struct TrainOptions: OptionBlock {
    /// The state that the ranks share out among themselves.
    package enum OptimizerSharding: String, OptionChoice {
        /// As zero1 where the ranks of a node share memory, else as none; the same bits.
        case auto
        /// Every rank holds all moments.
        case none
        /// Each rank holds the moments of the slices that it owns, and a node one copy of the weights.
        case zero1
    }

    /// The place of the lists that all ranks of a node need.
    package enum NodeMemory: String, OptionChoice {
        /// The ranks share the memory, where they are all on one node and it has room.
        case shared
        /// Each rank has its own memory; messages carry what others need.
        case `private`
    }

    /// The activations that are computed again in the backward pass.
    package enum Recompute: String, OptionChoice {
        case none, blocks
    }

    /// B: sequences in a step, over all ranks; usual 32 to 512.
    package var globalBatchSize = 32
    /// m: sequences in one forward pass; bounds the memory; usual 1 to 16.
    package var microBatchSize = 8
    /// T: tokens in a sequence; by default the model's context length, which is also usual.
    package var sequenceLength: Int?
    /// The length of the run in steps; one of steps, tokens and epochs is set.
    package var steps: Int?
    /// The length of the run in tokens, rounded up to whole steps; usual 20 for each parameter.
    package var tokens: Int?
    /// The length of the run in passes over the data, rounded up to whole steps; usual 1 to 10.
    package var epochs: Double?
    /// The absolute step at which to save and stop early; the schedule still spans all steps.
    package var stopAfterSteps: Int?
    /// Seconds from the start of the program after which the run saves and stops as on request;
    /// usual: what a batch system grants, less the time of a checkpoint.
    package var maximumSeconds: Int?
    /// L: the most ranks the run may use, with equal bits on each number of them; divides B; by
    /// default as many as cost little, at least the world size of the run's start.
    package var lanes: Int?
    /// The format of the matrix products; usual fp32.
    package var precision = NumberFormat.fp32
    /// The format in which gradients travel between ranks that share no memory; usual fp32.
    package var gradientType = NumberFormat.fp32
    /// Threads of each rank; by default the processors of a node are shared among its ranks.
    package var threadsPerRank: Int?
    /// Whether a rank may have more threads than processors, which makes them wait for one another;
    /// usual false.
    package var oversubscribe = false
    /// The optimizer state that the ranks share out, and with it the weights of a node; usual auto.
    package var optimizerSharding = OptimizerSharding.auto
    /// Whether the ranks of a node share memory, which gives the same bits; usual shared.
    package var nodeMemory = NodeMemory.shared
    /// K: groups of whole hosts that train apart and meet in outer steps, for slow links; usual 1.
    package var islands = 1
    /// The activations that are computed again to save memory; usual none.
    package var recompute = Recompute.none
    /// Patterns (`transformer.wte.*`) of the names of weights that stay as they are; usual none.
    package var freeze: [String] = []
    /// Seconds after which a rank that the others wait for is named and the run ends; 0 never;
    /// usual 300, more than the longest step. Checkpoints, evaluations and slow files do not count.
    package var watchdogSeconds = 300
    /// Seconds that a read of data, or a write of metrics, may take before the run ends; 0 any time;
    /// usual 1800, more than a file system takes to replace a server.
    package var ioSeconds = 1800
    /// Steps in a row that may be skipped for a gradient that is not finite; usual 10.
    package var maximumSkippedSteps = 10
    /// The first steps of a start of which the times of all parts are recorded, and which trace.json shows
    /// by thread and rank; usual 0.
    package var profileSteps = 0

    /// The length for which the warm-up of the recipe was meant, where an override gave another; nil once
    /// the warm-up fits.
    package var replacedLength: RunLength?

    package init() {}

    package static var fields: [OptionField<TrainOptions>] {
        [
            OptionField("global_batch_size", \.globalBatchSize, .atLeast(1), .decidesWeights),
            OptionField("micro_batch_size", \.microBatchSize, .atLeast(1), .decidesWeights),
            OptionField("sequence_length", \.sequenceLength, .atLeast(1), .decidesWeights)
                .settledAtStart.also(in: "evaluate"),
            OptionField("steps", \.steps, .atLeast(1), .movesSchedule).replacing([
                "tokens", "epochs",
            ]),
            OptionField("tokens", \.tokens, .atLeast(1), .movesSchedule).replacing([
                "steps", "epochs",
            ]),
            OptionField("epochs", \.epochs, .aboveZero, .movesSchedule).replacing([
                "steps", "tokens",
            ]),
            OptionField("stop_after_steps", \.stopAfterSteps, .atLeast(1), .changesFreely),
            OptionField("maximum_seconds", \.maximumSeconds, .atLeast(1), .changesFreely),
            OptionField("lanes", \.lanes, .atLeast(1), .changesFreely).settledAtStart,
            OptionField("precision", \.precision, .decidesWeights),
            OptionField("gradient_dtype", \.gradientType, .decidesWeights),
            OptionField("threads_per_rank", \.threadsPerRank, .atLeast(1), .changesFreely)
                .also(in: "prepare", "evaluate", "finetune", "merge", "export", "generate"),
            OptionField("oversubscribe", \.oversubscribe, .changesFreely)
                .also(in: "prepare", "evaluate", "finetune", "merge", "export", "generate"),
            OptionField("optimizer_sharding", \.optimizerSharding, .changesFreely),
            OptionField("node_memory", \.nodeMemory, .changesFreely),
            OptionField("islands", \.islands, .atLeast(1), .changesFreely),
            OptionField("recompute", \.recompute, .changesFreely),
            OptionField("freeze", \.freeze, .decidesWeights),
            OptionField("watchdog_seconds", \.watchdogSeconds, .atLeast(0), .changesFreely),
            OptionField("io_seconds", \.ioSeconds, .atLeast(0), .changesFreely),
            OptionField(
                "maximum_skipped_steps", \.maximumSkippedSteps, .atLeast(0), .changesFreely),
            OptionField("profile_steps", \.profileSteps, .atLeast(0), .changesFreely),
        ]
    }
}
