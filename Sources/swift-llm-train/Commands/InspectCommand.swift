import ArgumentParser
import Diagnostics

/// `inspect`: what a file or directory of this program holds.
struct InspectCommand: FirstRankCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Tells what is in a shard, a checkpoint or a model.",
        discussion: """
            Checks the hashes and checksums on the way.

            Examples:
              swift-llm-train inspect shards/train-00000.h5
              swift-llm-train inspect runs/small/checkpoints/latest
            """)

    @Argument(help: "A token shard, a checkpoint or a model directory.")
    var path: String

    func run() throws {
        Console.line(try InspectReport.text(of: path))
    }
}
