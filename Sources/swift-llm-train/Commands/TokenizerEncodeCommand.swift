import ArgumentParser
import Diagnostics
import Files
import ModelFiles
import Tokenizers

/// `tokenizer encode`: text to token ids.
struct TokenizerEncodeCommand: FirstRankCommand {
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

    func run() throws {
        let encoder = try StoredModelFormat.tokenizer(tokenizer)
        let file = input == "-" ? nil : input
        let text = try file.map { try FileReader.bytes(of: $0) } ?? StandardInput.bytes()
        if let failure = TextSample([text]).refusal(
            "the input is no text", at: file ?? "standard input")
        {
            throw failure
        }
        let ids = try encoder.encode(text, malformed: .refused)
        Console.line(ids.map(String.init).joined(separator: " "))
    }
}
