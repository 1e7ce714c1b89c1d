import JSON
import Options
import Training

extension TrainingBenchReport {
    private static let formatVersion = 1

    package var json: JSONValue {
        var members: [String: JSONValue] = [
            "format_version": .integer(Self.formatVersion), "benchmark": "training_step",
            "model": model, "train": train, "memory": memory, "seconds": seconds,
            "world_size": .integer(worldSize), "threads_per_rank": .integer(threadsPerRank),
            "step_seconds": .array(steps.times.map { .number($0.total) }),
            "milliseconds_per_step": .number(step.total * 1e3),
            "tokens_per_second": .number(tokensPerSecond), "loss": .number(steps.loss),
            "gflops": .number(gflops), "fma_gflops": .number(peaks.fma),
            "gemm_gflops": .number(gemmPeak),
            "multiplies_bf16": .boolean(recipe.training.multipliesBFloat16),
            "percent_of_fma_peak": .number(100 * gflops / peaks.fma),
            "percent_of_gemm_peak": .number(100 * gflops / gemmPeak),
        ]
        members["kernels"] = .string(kernels.description)
        members["hidden_communication_seconds"] = .number(step.hiddenCommunication)
        return .object(members)
    }

    private var model: JSONValue {
        .object([
            "layers": .integer(configuration.layerCount),
            "heads": .integer(configuration.headCount),
            "width": .integer(configuration.embeddingSize),
            "vocabulary_size": .integer(configuration.vocabularySize),
            "context_length": .integer(configuration.contextLength),
            "parameters": .integer(steps.cost.parameterCount),
            "flops_per_token": .number(
                steps.cost.trainingFLOPs(sequenceLength: recipe.training.sequenceLength)),
        ])
    }

    /// The keys of the recipe's block that decide a step.
    private var train: JSONValue {
        .object(
            Dictionary(
                uniqueKeysWithValues: TrainOptions.fields.map { field in
                    let value = field.read(recipe.train)
                    return (field.key, Self.json(value))
                }))
    }

    private static func json(_ value: OptionValue) -> JSONValue {
        if value.isNull { return .null }
        if let integer = Int(value) { return .integer(integer) }
        if let number = Double(value) { return .number(number) }
        return String(value).map(JSONValue.string) ?? .null
    }

    private var memory: JSONValue {
        .object([
            "pss_bytes": .array(steps.proportionalBytes.map(JSONValue.integer)),
            "pss_bytes_of_all_ranks": .integer(steps.proportionalBytes.reduce(0, +)),
            "peak_rss_bytes": .array(steps.residentBytes.map(JSONValue.integer)),
        ])
    }

    /// The parts add up to the total.
    private var seconds: JSONValue {
        var members = Dictionary(
            uniqueKeysWithValues: step.shares.map { ($0.part.key, JSONValue.number($0.seconds)) })
        members["total"] = .number(step.total)
        return .object(members)
    }
}
