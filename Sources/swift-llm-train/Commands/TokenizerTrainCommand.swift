import ArgumentParser
import Collectives
import Datasets
import Diagnostics
import Files
import Runs
import Tokenizers

extension TokenizerOptions.Kind: ExpressibleByArgument {}
extension TokenizerPattern: ExpressibleByArgument {}

/// `tokenizer train`: text files to a tokenizer.json.
struct TokenizerTrainCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Trains a tokenizer on text files.",
        discussion: """
            bpe learns byte-level byte pairs, unigram pieces of words and their probabilities; both \
            encode any text. character takes the code points of the text in ascending order and \
            refuses all others.

            Examples:
              swift-llm-train tokenizer train --input a.txt b.txt --vocabulary-size 8192 \\
                --output tokenizer.json
              swift-llm-train tokenizer train --input books --pattern llama3 \\
                --vocabulary-size 32000 --output tokenizer.json
              swift-llm-train tokenizer train --input a.txt --kind character \\
                --output tokenizer.json
            """)

    private static let defaults = TokenizerOptions()

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Text files, or directories of them.", valueName: "file"))
    var input: [String]

    @Option(help: "What to train.")
    var kind = Self.defaults.kind

    @Option(help: "The pattern of a published tokenizer that cuts the text of bpe into words.")
    var pattern = Self.defaults.pattern

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Tokens of a bpe or unigram tokenizer, its 256 bytes and end of text included.",
            valueName: "n"))
    var vocabularySize = Self.defaults.vocabularySize

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Megabytes of text, evenly spread, to train on; all where it is left out.",
            valueName: "n"))
    var sampleMegabytes: Int?

    @Option(help: ArgumentHelp("The file to write.", valueName: "tokenizer.json"))
    var output: String

    /// The flags as the options that a recipe has too.
    var options: TokenizerOptions {
        var options = TokenizerOptions()
        options.kind = kind
        options.pattern = pattern
        options.vocabularySize = vocabularySize
        options.sampleMegabytes = sampleMegabytes
        options.path = output
        return options
    }

    func run(on communicator: any Communicator) throws -> Int32 {
        // What is trained has no path yet.
        var flags = options
        flags.path = nil
        try communicator.agree { [flags] in try flags.validateFlags() }
        let inputs = try TextInputs(input, over: communicator)
        if communicator.rank == 0 {
            for warning in inputs.warnings {
                Console.write("warning: \(warning)\n", to: .standardError)
            }
        }
        let tokenizer = try TokenizerPhase(communicator: communicator).train(
            options, on: inputs.texts)
        try communicator.agree {
            guard communicator.rank == 0 else { return }
            try PublishedFile.write(tokenizer.tokenizerJSON, to: output)
            Console.line(
                "wrote \(output): \(kind.rawValue), \(Quantity.count(tokenizer.vocabularySize, "token"))"
            )
        }
        return 0
    }
}
