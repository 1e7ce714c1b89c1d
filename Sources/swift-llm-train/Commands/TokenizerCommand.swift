import ArgumentParser

/// `tokenizer`: a group of three commands.
struct TokenizerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenizer",
        abstract: "Trains and compares tokenizers, and encodes and decodes text with them.",
        discussion: """
            Tokenizers are tokenizer.json files in the Hugging Face format.

            Examples:
              swift-llm-train tokenizer train --input a.txt --output tokenizer.json
              echo Hello | swift-llm-train tokenizer encode --tokenizer tokenizer.json
            """,
        subcommands: [
            TokenizerTrainCommand.self, TokenizerEncodeCommand.self, TokenizerDecodeCommand.self,
            TokenizerReportCommand.self,
        ])
}
