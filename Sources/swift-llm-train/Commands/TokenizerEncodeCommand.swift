import ArgumentParser

/// `tokenizer encode`: text to token ids.
struct TokenizerEncodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encode",
        abstract: "Prints the token ids of a text on one line, separated by spaces.",
        discussion: """
            Reads standard input where no file is given.

            Examples:
              swift-llm-train tokenizer encode --tokenizer tokenizer.json --input a.txt
              printf 'To be' | swift-llm-train tokenizer encode --tokenizer tokenizer.json
            """)

    @Option(help: ArgumentHelp("The tokenizer.json to encode with.", valueName: "path"))
    var tokenizer: String

    @Option(help: ArgumentHelp("The text file; by default standard input.", valueName: "file"))
    var input: String?

    mutating func run() throws {
        try UnbuiltCommand.refuse("tokenizer encode")
    }
}
