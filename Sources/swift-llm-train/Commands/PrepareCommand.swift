import ArgumentParser
import Collectives
import Datasets
import Diagnostics
import ModelFiles
import Runs
import Tokenizers

/// `prepare`: text files to token shards.
struct PrepareCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare",
        abstract: "Turns text files into HDF5 token shards.",
        discussion: """
            Each file is a document, and a literal <|endoftext|> ends one. Of a directory all \
            files are taken, in the order of their names. The last documents become the validation \
            shards; one that is larger than what they still lack is cut. Under mpirun all ranks \
            share the work; the shards do not depend on their number.

            Examples:
              swift-llm-train prepare --input a.txt b.txt --tokenizer tokenizer.json \\
                --output shards
              mpirun -n 4 swift-llm-train prepare --input a.txt \\
                --tokenizer tokenizer.json --output shards --validation-fraction 0.01
            """)

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Text files, or directories of them.", valueName: "file"))
    var input: [String]

    @Option(help: ArgumentHelp("The tokenizer.json to encode with.", valueName: "path"))
    var tokenizer: String

    @Option(help: ArgumentHelp("The directory of the shards.", valueName: "dir"))
    var output: String

    @Option(
        parsing: .unconditional, help: "Share of the text kept for validation; 0 keeps none.")
    var validationFraction = PrepareOptions().validationFraction

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Megabytes of text in a shard.", valueName: "n"))
    var shardMegabytes = PrepareOptions().shardMegabytes

    @Flag(help: "Refuse text that is not valid UTF-8 instead of replacing its wrong bytes.")
    var strict = false

    /// The flags as the options that a recipe has too.
    var options: PrepareOptions {
        var options = PrepareOptions()
        options.input = input
        options.output = output
        options.validationFraction = validationFraction
        options.shardMegabytes = shardMegabytes
        return options
    }

    func run(on communicator: any Communicator) throws -> Int32 {
        let loaded = try communicator.agree {
            try options.validateFlags()
            return try StoredModelFormat.tokenizer(tokenizer)
        }
        let phase = PreparePhase(communicator: communicator)
        let summary = try phase.run(
            phase.plan(options), options, tokenizer: loaded,
            malformed: strict ? .refused : .replaced)
        if communicator.rank == 0 { Console.line(summary) }
        return 0
    }
}
