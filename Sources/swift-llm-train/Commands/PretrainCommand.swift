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

    @OptionGroup var flags: PhaseFlags

    var outlivesItsOutput: Bool { true }

    func run(on communicator: any Communicator) throws -> Int32 {
        try flags.run(.pretrain, on: communicator)
    }
}
