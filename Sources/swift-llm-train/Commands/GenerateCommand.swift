import ArgumentParser
import Collectives
import Generation
import ModelFiles
import Runs

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
              swift-llm-train generate --model MODEL --chat --prompt 'What is a noun?'
            """)

    private static let defaults = GenerateOptions()

    @Option(
        help: ArgumentHelp("A model directory, GGUF file, checkpoint or run.", valueName: "dir"))
    var model: String

    @Option(
        help: ArgumentHelp("The text to go on from; - reads standard input.", valueName: "text"))
    var prompt: String

    @Flag(
        help: """
            Take the prompt as a message, put it through the model's chat template, and print the \
            answer alone.
            """)
    var chat = false

    @Option(parsing: .unconditional, help: ArgumentHelp("Texts to sample.", valueName: "n"))
    var samples = Self.defaults.samples

    @OptionGroup var sampling: SamplingFlags

    @OptionGroup var baseFlag: BaseFlag

    func run() throws {
        var options = sampling.options
        options.prompt = prompt == "-" ? try StandardInput.text() : prompt
        options.chat = chat
        options.samples = samples
        try options.validateFlags()
        let compute = try ComputeResources.agree(threadsPerRank: nil, over: SingleProcess())
        try GeneratePhase(compute: compute).run(
            options, model: try ModelPath(model).announced(), base: baseFlag.base)
    }
}
