import ArgumentParser
import Collectives
import Diagnostics
import Files
import ModelFiles
import Monitoring
import Runs

/// `inspect`: what a file or directory of this program holds.
struct InspectCommand: FirstRankCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Tells what is in a shard, a checkpoint, a model or a run directory.",
        discussion: """
            The files of a checkpoint are checked against the hashes of its manifest. Shards \
            are checked where they are read; --verify reads all of them.

            With --tokens: how likely a language model (GGUF files and adapters, too) finds each \
            token of a text, its loss, and what it expected in its place; on a terminal with the \
            text in colours. --page writes it as a page of HTML, with the tokens whose vectors in the \
            embedding are nearest.

            Examples:
              swift-llm-train inspect shards/train-00000.h5 --verify
              swift-llm-train inspect runs/small/checkpoints/latest
              swift-llm-train inspect runs/small --tokens 'To be or not' --page a.html
            """)

    @Argument(help: "A token shard, a directory of shards, a checkpoint, a model or a run.")
    var path: String

    @Flag(
        name: .customLong("verify"),
        help: "Read every chunk of a shard: its checksum, and each id against the vocabulary.")
    var isVerifying = false

    @Option(
        help: ArgumentHelp(
            "A text that a model is to look at, token by token; - reads standard input.",
            valueName: "text"))
    var tokens: String?

    @Option(help: ArgumentHelp("Write what --tokens tells as a page, too.", valueName: "file"))
    var page: String?

    @OptionGroup var baseFlag: BaseFlag

    func validate() throws {
        guard tokens != nil || page == nil && baseFlag.base == nil else {
            let flag = page == nil ? "--base" : "--page"
            throw ValidationError("\(flag) stands with --tokens")
        }
        guard tokens == nil || !isVerifying else {
            throw ValidationError("--verify stands without --tokens")
        }
    }

    func run() throws {
        if let tokens {
            let text = tokens == "-" ? try StandardInput.text() : tokens
            let compute = try ComputeResources.agree(threadsPerRank: nil, over: SingleProcess())
            let inspection = try TextInspectionPhase(compute: compute).run(
                text, model: try ModelPath(path).announced(), base: baseFlag.base)
            Console.line(inspection.text(isColored: LiveTerminal.find()?.isColored == true))
            if let page {
                try PublishedFile.write(
                    Array(TextInspectionPage(inspection).html.utf8), to: page)
                Console.line("page \(page)")
            }
            return
        }
        Console.line(try InspectReport(isVerifying: isVerifying).text(of: path))
    }
}
