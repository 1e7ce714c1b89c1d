import ArgumentParser
import Collectives

/// `pretrain`: the training phase of a recipe alone.
struct PretrainCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "pretrain",
        abstract: "Trains a model on token shards.",
        discussion: """
            Writes metrics.jsonl, log.txt and checkpoints into the run directory (output, by \
            default runs/NAME). Each checkpoint is a Hugging Face model directory. A directory \
            that holds a run is refused without --resume, which takes any number of ranks up \
            to train.lanes.

            Examples:
              swift-llm-train pretrain --config recipe.yaml train.steps=1000
              mpirun -n 4 swift-llm-train pretrain --config recipe.yaml --resume
            """)

    @Option(help: ArgumentHelp("The recipe.", valueName: "recipe.yaml"))
    var config: String

    @Flag(
        name: .customLong("resume"),
        help: "Go on from the newest complete checkpoint of the run directory.")
    var isResuming = false

    @Argument(help: ArgumentHelp("Keys of the recipe to change.", valueName: "key=value"))
    var overrides: [String] = []

    func run(on communicator: any Communicator) throws -> Int32 {
        let recipe = try communicator.agree {
            try Recipe.load(path: config, overrides: overrides, phases: [.pretrain])
        }
        return try PhaseRunner(communicator: communicator, isResuming: isResuming).run(
            [.pretrain], of: recipe)
    }
}
