import ArgumentParser
import Generation
import Models
import Runs
import Tensors
import Tokenizers

extension NumberFormat: ExpressibleByArgument {}
extension QuantizedArithmetic: ExpressibleByArgument {}
extension WeightQuantization: ExpressibleByArgument {}

/// How the weights of a model lie in memory.
struct QuantizeFlags: ParsableArguments {
    @Option(
        help: """
            Quantise the weights when they are loaded: q8_0, q4_k, or none, which makes floats also of \
            those that are quantised (as they are stored).
            """)
    var quantize: WeightQuantization?
}

/// How text is sampled: flags that several commands have.
struct SamplingFlags: ParsableArguments {
    private static let defaults = GenerateOptions()

    @Option(parsing: .unconditional, help: ArgumentHelp("Tokens to add at most.", valueName: "n"))
    var maximumTokens = Self.defaults.maximumTokens

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Below 1 safer, above 1 bolder, 0 always the likeliest.", valueName: "t")
    )
    var temperature = Self.defaults.temperature

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Sample among the k likeliest tokens alone.", valueName: "k"))
    var topK: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Sample among the likeliest tokens of this joint probability alone.", valueName: "p"))
    var topP: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Above 1 the text repeats its tokens less often.", valueName: "r"))
    var repetitionPenalty = Self.defaults.repetitionPenalty

    @Option(
        help: ArgumentHelp(
            "A text that ends a sample and is not printed; may be given again.",
            valueName: "text"))
    var stop = Self.defaults.stop

    @Option(
        help: ArgumentHelp(
            "A chat template instead of the model's: "
                + ChatTemplate.names.joined(separator: ", ")
                + ", a .jinja file or a JSON file of pieces.",
            valueName: "name"))
    var template: String?

    @Option(help: "The format of the weights: fp32, or bf16, which is faster and rounds them.")
    var precision = Self.defaults.precision

    @Option(
        help: """
            Of quantised weights: exact, or int8, which rounds what is multiplied with them and is \
            faster (int8).
            """)
    var compute: QuantizedArithmetic?

    @OptionGroup var weights: QuantizeFlags

    @Option(parsing: .unconditional, help: ArgumentHelp("Decides the samples.", valueName: "s"))
    var seed = Recipe().seed

    /// The flags as the options that a recipe has too.
    var options: GenerateOptions {
        var options = GenerateOptions()
        options.maximumTokens = maximumTokens
        options.temperature = temperature
        options.topK = topK
        options.topP = topP
        options.repetitionPenalty = repetitionPenalty
        options.stop = stop
        options.template = template
        options.precision = precision
        options.compute = compute
        options.quantize = weights.quantize
        options.seed = seed
        return options
    }
}
