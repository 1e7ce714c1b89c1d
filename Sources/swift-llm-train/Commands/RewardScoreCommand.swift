import ArgumentParser
import Collectives
import Datasets
import Diagnostics
import ModelFiles
import Runs

/// `reward score`: answers and their scores.
struct RewardScoreCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Prints the score of each answer in a file, a JSON object a line.",
        discussion: """
            The records are conversations: messages, or a prompt and its completion. Each is put \
            into the chat template of the model and scored after its last answer; the line names \
            its place in the file. A text longer than the model's context loses its end. Under \
            mpirun the ranks share the work.

            Examples:
              swift-llm-train reward score --model runs/reward --input answers.jsonl
              mpirun -n 2 swift-llm-train reward score --model MODEL --input chats.json
            """)

    @Option(help: ArgumentHelp("A reward model's directory, checkpoint or run.", valueName: "dir"))
    var model: String

    @Option(help: ArgumentHelp("A file of conversations.", valueName: "file"))
    var input: String

    @Option(
        help: ArgumentHelp(
            "The encoding of the file: \(TextEncoding.choices.joined(separator: ", ")).",
            valueName: "name"))
    var encoding: TextEncoding = .utf8

    @OptionGroup var baseFlag: BaseFlag

    func run(on communicator: any Communicator) throws -> Int32 {
        let compute = try ComputeResources.agree(threadsPerRank: nil, over: communicator)
        let path = try communicator.agree { try ModelPath(model) }
            .announced(isSpeaking: communicator.rank == 0)
        let scored = try RewardPhase(communicator: communicator, compute: compute)
            .run(model: path, base: baseFlag.base, input: input, encoding)
        guard communicator.rank == 0 else { return 0 }
        for note in scored.notes { Console.write("warning: \(note)\n", to: .standardError) }
        for line in scored.lines { Console.line(line.text()) }
        return 0
    }
}
