import ArgumentParser
import Generation
import Runs
import Tokenizers

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

    @OptionGroup var weights: WeightFlags

    @OptionGroup var cacheFlag: CacheFlag

    @OptionGroup var draftFlag: DraftFlag

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
        options.precision = weights.precision
        options.compute = weights.compute
        options.quantize = weights.quantization.quantize
        options.cache = cacheFlag.cache
        options.draft = draftFlag.draft
        options.seed = seed
        return options
    }
}
