import ArgumentParser
import Diagnostics

/// `inspect`: what a file or directory of this program holds.
struct InspectCommand: FirstRankCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Tells what is in a shard, a checkpoint, a model or a run directory.",
        discussion: """
            The files of a checkpoint are checked against the hashes of its manifest. Shards \
            are checked where they are read; --verify reads all of them.

            Examples:
              swift-llm-train inspect shards/train-00000.h5 --verify
              swift-llm-train inspect runs/small/checkpoints/latest
            """)

    @Argument(help: "A token shard, a directory of shards, a checkpoint, a model or a run.")
    var path: String

    @Flag(
        name: .customLong("verify"),
        help: "Read every chunk of a shard: its checksum, and each id against the vocabulary.")
    var isVerifying = false

    func run() throws {
        Console.line(try InspectReport(isVerifying: isVerifying).text(of: path))
    }
}
