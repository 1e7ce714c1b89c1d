import ArgumentParser
import Collectives
import ModelFiles
import Runs

/// `chat`: a conversation with a model in the terminal.
struct ChatCommand: FirstRankCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Talks with a model in the terminal.",
        discussion: """
            Reads a message a line, and prints the answer as it comes. The model sees the whole \
            conversation, in its chat template; when its context is full, the oldest turns are \
            forgotten. Ctrl-C ends an answer. /reset begins anew, /save FILE writes the \
            conversation, /help lists the commands, /exit or Ctrl-D ends.

            Examples:
              swift-llm-train chat --model runs/mine/checkpoints/latest --temperature 0.7
              swift-llm-train chat --model MODEL --template chatml --system 'Be brief.'
              echo 'What is a noun?' | swift-llm-train chat --model MODEL --temperature 0
            """)

    @Option(
        help: ArgumentHelp("A model directory, GGUF file, checkpoint or run.", valueName: "dir"))
    var model: String

    @Option(
        help: ArgumentHelp(
            "A system message: tells the model how to answer.", valueName: "text"))
    var system: String?

    @OptionGroup var sampling: SamplingFlags

    @OptionGroup var baseFlag: BaseFlag

    func run() throws {
        let options = sampling.options
        try options.validateFlags()
        let compute = try ComputeResources.agree(threadsPerRank: nil, over: SingleProcess())
        var chat = try ChatPhase(
            compute: compute, options: options, model: try ModelPath(model).announced(),
            base: baseFlag.base, system: system)
        try chat.run()
    }
}
