import ArgumentParser
import Collectives
import Diagnostics

/// `evaluate`: the loss of a model on token shards.
struct EvaluateCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measures loss, perplexity and bits per byte of a model on token shards.",
        discussion: """
            All windows count once, in file order; the figures are the same on any number of \
            ranks.

            Examples:
              swift-llm-train evaluate --model runs/small/checkpoints/latest --data shards
              mpirun -n 4 swift-llm-train evaluate --model MODEL \\
                --data 'shards/validation-*.h5' --sequence-length 512
            """)

    @Option(help: ArgumentHelp("A model directory or checkpoint.", valueName: "dir"))
    var model: String

    @Option(
        help: ArgumentHelp(
            "A shard directory (its validation-*.h5), a shard, or a glob.", valueName: "shards"))
    var data: String

    @Option(
        help: ArgumentHelp(
            "Tokens in a window; by default the model's context length.", valueName: "t"))
    var sequenceLength: Int?

    func run(on communicator: any Communicator) throws -> Int32 {
        try communicator.agree { try validateSequenceLength() }
        let compute = try ComputeResources.agree(threadsPerRank: nil, over: communicator)
        let scores = try EvaluatePhase(communicator: communicator, compute: compute).run(
            model: model, data: data, sequenceLength: sequenceLength)
        if communicator.rank == 0 { Console.line(scores.json.text()) }
        return 0
    }

    private func validateSequenceLength() throws {
        guard let sequenceLength, sequenceLength < 1 else { return }
        throw Failure(
            "--sequence-length", expected: "an integer of at least 1", got: "\(sequenceLength)",
            remedy: "leave it out for the model's context length", kind: .usage)
    }
}
