import Diagnostics
import JSON
import Models
import Runs
import Tensors

/// Tokens a second of a prompt and of what follows, beside the limit that memory sets.
package struct GenerationBenchReport: BenchReport {
    package let recipe: Recipe
    package let model: LanguageModel
    package let threadCount: Int
    package let kernels: ComputeKernels
    package let cost: ModelCost
    /// The bytes of packed weights that are read for a token.
    let bytesPerToken: Int
    /// Sequences that go on at once.
    let streamCount: Int
    let cacheFormat: KeyValueFormat
    /// The bytes of the keys and values of all sequences.
    let cacheSize: Int
    package let promptLength: Int
    package let newTokens: Int
    /// Seconds of loading the model, or of drawing random weights.
    let loadSeconds: Double
    /// Seconds of the prompt, up to the first token behind it.
    let promptSeconds: Double
    /// Seconds for the new tokens when each is the likeliest one.
    let decodeSeconds: Double
    /// Seconds for the new tokens when each is drawn from all tokens.
    let sampleSeconds: Double
    let peakMemoryBytes: Int
    /// GB/s of the memory when it is only read.
    let readGBPerSecond: Double

    private static let formatVersion = 1

    private var promptTokensPerSecond: Double { Double(promptLength) / promptSeconds }
    private var decodeTokensPerSecond: Double { Double(streamCount * newTokens) / decodeSeconds }
    private var sampleTokensPerSecond: Double { Double(streamCount * newTokens) / sampleSeconds }

    private var limit: Double {
        Double(streamCount) * readGBPerSecond * 1e9 / Double(bytesPerToken)
    }

    package var text: String {
        var table = TextTable()
        table.add(
            "prompt", "\(Quantity.number(promptTokensPerSecond)) tokens/s",
            "\(promptLength) tokens, and the first behind them, in "
                + "\(Quantity.number(promptSeconds * 1e3)) ms")
        table.add("load", "\(Quantity.number(loadSeconds * 1e3)) ms", "")
        table.add(
            "decode, the likeliest", "\(Quantity.number(decodeTokensPerSecond)) tokens/s",
            "\(newTokens) tokens in \(Quantity.number(decodeSeconds * 1e3)) ms")
        table.add(
            "drawn from all", "\(Quantity.number(sampleTokensPerSecond)) tokens/s",
            "\(newTokens) tokens in \(Quantity.number(sampleSeconds * 1e3)) ms")
        table.add(
            "limit of the memory", "\(Quantity.number(limit)) tokens/s",
            "\(Quantity.number(readGBPerSecond)) GB/s over \(Quantity.bytes(bytesPerToken)) "
                + "of \(model.quantizedTypes == nil ? "packed " : "")weights")
        table.add("decode reaches", (100 * decodeTokensPerSecond / limit).percent, "of it")
        table.add("keys and values", Quantity.bytes(cacheSize), "in \(cacheFormat.rawValue)")
        let heading = [
            "\(model.configuration.architecture.name) of "
                + "\(Quantity.parameters(cost.parameterCount)) parameters, \(weights), "
                + "\(Quantity.count(streamCount, "sequence")), "
                + Quantity.count(threadCount, "thread"),
            "products by \(kernels.description)", "",
        ]
        return (heading + table.lines).joined(separator: "\n")
    }

    private var weights: String {
        model.quantizedTypes.map { "\($0), \(model.arithmetic)" } ?? recipe.precisionInUse
    }

    package var json: JSONValue {
        .object([
            "format_version": .integer(Self.formatVersion), "benchmark": "generation",
            "parameters": .integer(cost.parameterCount),
            "precision": .string(recipe.train.precision.rawValue),
            "multiplies_bf16": .boolean(recipe.training.multipliesBFloat16),
            "threads_per_rank": .integer(threadCount), "kernels": .string(kernels.description),
            "prompt_length": .integer(promptLength),
            "new_tokens": .integer(newTokens), "prompt_seconds": .number(promptSeconds),
            "decode_seconds": .number(decodeSeconds),
            "prompt_tokens_per_second": .number(promptTokensPerSecond),
            "decode_tokens_per_second": .number(decodeTokensPerSecond),
            "sample_seconds": .number(sampleSeconds),
            "sample_tokens_per_second": .number(sampleTokensPerSecond),
            "compute": .string(model.arithmetic), "streams": .integer(streamCount),
            "quantized": model.quantizedTypes.map(JSONValue.string) ?? .null,
            "cache": .string(cacheFormat.rawValue), "cache_bytes": .integer(cacheSize),
            "load_seconds": .number(loadSeconds),
            "first_token_seconds": .number(promptSeconds),
            "peak_memory_bytes": .integer(peakMemoryBytes),
            "weight_bytes": .integer(bytesPerToken),
            "read_gb_per_second": .number(readGBPerSecond),
            "decode_limit_tokens_per_second": .number(limit),
            "decode_percent_of_limit": .number(100 * decodeTokensPerSecond / limit),
        ])
    }
}
