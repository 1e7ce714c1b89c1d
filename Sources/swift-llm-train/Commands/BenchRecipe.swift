import Diagnostics
import Models
import Runs

/// The recipe of a benchmark: the flags in the keys of a run, so that every feature of training is
/// measured, bounded and refused as in a run.
enum BenchRecipe {
    typealias FlagValue = (flag: String, key: String, value: String?)

    static let usualPreset = ModelPreset.gpt2Small
    /// GPT-2's, rounded up to a multiple of 64, as in nanoGPT and llm.c.
    static let usualVocabularySize = 50_304
    static let usualStepCount = 6
    private static let usualSequenceLength = 256
    private static let usualMicroBatchSize = 4

    /// Keys that the flags decide: the batch is the same on every number of ranks.
    fileprivate static let settledKeys = [
        "train.global_batch_size", "train.micro_batch_size", "train.lanes", "train.steps",
        "train.tokens", "train.epochs",
    ]

    /// - Throws: A usage `Failure` that names the flag.
    static func make(
        model: BenchModelFlags, training: BenchTrainingFlags, overrides: [String], worldSize: Int
    ) throws -> Recipe {
        var recipe = Recipe()
        recipe.name = "bench"
        recipe.data.train = "random tokens"
        recipe.model.preset = usualPreset
        recipe.model.vocabularySize = usualVocabularySize
        recipe.train.microBatchSize = usualMicroBatchSize
        recipe.train.steps = usualStepCount
        for flag in model.keys + training.keys { try recipe.set(flag) }
        try settleBatch(&recipe, accumulate: training.accumulate, worldSize: worldSize)
        for override in overrides { try recipe.set(benchOverride: override) }
        recipe.model.fillFromPreset()
        recipe.train.sequenceLength =
            recipe.train.sequenceLength
            ?? min(usualSequenceLength, recipe.model.contextLength ?? usualSequenceLength)
        try recipe.validate(for: [.pretrain])
        return recipe
    }

    /// B = micro-batch x micro-steps; a rank is a lane.
    private static func settleBatch(
        _ recipe: inout Recipe, accumulate: String?, worldSize: Int
    ) throws {
        let size = recipe.train.microBatchSize
        guard size.isMultiple(of: worldSize) else {
            throw Failure(
                "--micro-batch-size counts the sequences of all ranks",
                expected: "a multiple of \(worldSize)", got: "\(size)",
                remedy: "use \((size / worldSize + 1) * worldSize), which is "
                    + "\(size / worldSize + 1) a rank", kind: .usage)
        }
        // Through a key of the same bounds.
        try recipe.set(("--accumulate", "train.global_batch_size", accumulate ?? "1"))
        let (batchSize, overflows) = recipe.train.globalBatchSize
            .multipliedReportingOverflow(by: size)
        guard !overflows else {
            throw Failure(
                "--accumulate", expected: "a batch that can be counted",
                got: "\(recipe.train.globalBatchSize)", remedy: "lower it", kind: .usage)
        }
        recipe.train.globalBatchSize = batchSize
        recipe.train.microBatchSize = size / worldSize
        recipe.train.lanes = worldSize
    }
}

extension Recipe {
    /// Sets a key and speaks of its flag.
    fileprivate mutating func set(_ flag: BenchRecipe.FlagValue) throws {
        guard let value = flag.value else { return }
        do {
            try set(Entry(path: flag.key, value: .plain(value), place: flag.flag))
        } catch let failure as Failure where failure.keys == [flag.key] {
            var failure = failure.renamingKeys { _ in flag.flag }
            failure.place = nil
            throw failure
        }
    }

    fileprivate mutating func set(benchOverride text: String) throws {
        let entry = try Entry(override: text)
        guard !BenchRecipe.settledKeys.contains(entry.path) else {
            throw Failure(
                "\(entry.path) is settled by flags", got: text,
                remedy: "use --micro-batch-size, --accumulate and --steps", kind: .usage)
        }
        try set(entry)
    }
}
