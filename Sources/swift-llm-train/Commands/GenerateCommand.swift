import ArgumentParser
import Collectives
import Training

extension TrainOptions.Precision: ExpressibleByArgument {}

/// `generate`: text that a model samples after a prompt.
struct GenerateCommand: FirstRankCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Samples text from a model.",
        discussion: """
            Prints the prompt and what the model adds, as it comes. The same seed gives the \
            same text.

            Examples:
              swift-llm-train generate --model runs/small/checkpoints/latest \\
                --prompt 'Once upon a time'
              swift-llm-train generate --model MODEL --prompt ROMEO: --temperature 0.8 \\
                --top-k 50 --seed 7
            """)

    private static let defaults = GenerateOptions()

    @Option(help: ArgumentHelp("A model directory or checkpoint.", valueName: "dir"))
    var model: String

    @Option(help: ArgumentHelp("The text to go on from.", valueName: "text"))
    var prompt: String

    @Option(parsing: .unconditional, help: ArgumentHelp("Tokens to add at most.", valueName: "n"))
    var maximumTokens = Self.defaults.maximumTokens

    @Option(parsing: .unconditional, help: ArgumentHelp("Texts to sample.", valueName: "n"))
    var samples = Self.defaults.samples

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

    @Option(help: "The format of the weights: fp32, or bf16, which is faster and rounds them.")
    var precision = Self.defaults.precision

    @Option(parsing: .unconditional, help: ArgumentHelp("Decides the samples.", valueName: "s"))
    var seed = Recipe().seed

    /// The flags as the options that a recipe has too.
    var options: GenerateOptions {
        var options = GenerateOptions()
        options.prompt = prompt
        options.maximumTokens = maximumTokens
        options.temperature = temperature
        options.topK = topK
        options.topP = topP
        options.samples = samples
        options.repetitionPenalty = repetitionPenalty
        options.stop = stop
        options.precision = precision
        options.seed = seed
        return options
    }

    func run() throws {
        try options.validateFlags()
        let compute = try ComputeResources.agree(threadsPerRank: nil, over: SingleProcess())
        try GeneratePhase(compute: compute).run(options, model: model)
    }
}
