import ArgumentParser

/// `tokenizer decode`: token ids to text.
struct TokenizerDecodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Prints the text of the token ids on standard input.",
        discussion: """
            The ids are decimal numbers, separated by white space. Nothing is added to the \
            text, not even a line break.

            Examples:
              echo 15496 995 | swift-llm-train tokenizer decode --tokenizer tokenizer.json
              swift-llm-train tokenizer decode --tokenizer tokenizer.json < ids.txt
            """)

    @Option(help: ArgumentHelp("The tokenizer.json to decode with.", valueName: "path"))
    var tokenizer: String

    mutating func run() throws {
        try UnbuiltCommand.refuse("tokenizer decode")
    }
}
