import ArgumentParser
import Collectives
import Diagnostics
import Generation
import ModelFiles
import Runs

/// `generate`: text that a model samples after a prompt, or after each of a file.
struct GenerateCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Samples text from a model.",
        discussion: """
            Prints the prompt and what the model adds, as it comes. The same seed gives the \
            same text.

            With --prompts: a JSON object a line for each answer, in the order of the file, as \
            finetune.data reads them. The records are JSON, JSONL, CSV or TSV with a prompt, or \
            messages, which want --chat. Under mpirun the ranks share the prompts; the output is \
            the same on any number of them.

            Examples:
              swift-llm-train generate --model runs/small/checkpoints/latest \\
                --prompt 'Once upon a time'
              swift-llm-train generate --model MODEL --prompt ROMEO: --temperature 0.8 \\
                --top-k 50 --seed 7
              swift-llm-train generate --model MODEL --chat --prompt 'What is a noun?'
              mpirun -n 2 swift-llm-train generate --model MODEL --chat \\
                --prompts prompts.jsonl
            """)

    private static let defaults = GenerateOptions()

    @Option(
        help: ArgumentHelp("A model directory, GGUF file, checkpoint or run.", valueName: "dir"))
    var model: String

    @Option(
        help: ArgumentHelp("The text to go on from; - reads standard input.", valueName: "text"))
    var prompt: String?

    @Option(
        help: ArgumentHelp("A file of prompts, of which each is answered.", valueName: "file"))
    var prompts: String?

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

    func run(on communicator: any Communicator) throws -> Int32 {
        let options = try communicator.agree(readOptions)
        if let prompts {
            try answer(prompts, options, communicator)
        } else {
            try communicator.agree { if communicator.rank == 0 { try goOn(options) } }
        }
        return 0
    }

    private func readOptions() throws -> GenerateOptions {
        guard (prompt == nil) != (prompts == nil) else {
            throw Failure(
                prompt == nil ? "there is no prompt" : "--prompt and --prompts are both given",
                expected: "--prompt TEXT, or --prompts FILE", got: prompt == nil ? "none" : "both",
                remedy: "give one of them", kind: .usage)
        }
        var options = sampling.options
        options.chat = chat
        options.samples = samples
        try options.validateFlags()
        return options
    }

    private func goOn(_ options: GenerateOptions) throws {
        var options = options
        options.prompt = prompt == "-" ? try StandardInput.text() : prompt
        let compute = try ComputeResources.agree(threadsPerRank: nil, over: SingleProcess())
        try GeneratePhase(compute: compute).run(
            options, model: try ModelPath(model).announced(), base: baseFlag.base)
    }

    private func answer(
        _ path: String, _ options: GenerateOptions, _ communicator: any Communicator
    ) throws {
        let compute = try ComputeResources.agree(threadsPerRank: nil, over: communicator)
        let directory = try communicator.agree { try ModelPath(model) }
            .announced(isSpeaking: communicator.rank == 0)
        let answers = try AnswerPhase(communicator: communicator, compute: compute)
            .run(options, model: directory, base: baseFlag.base, prompts: path)
        guard communicator.rank == 0 else { return }
        for note in answers.notes { Console.write("note: \(note)\n", to: .standardError) }
        for line in answers.lines { Console.line(line.text()) }
    }
}
