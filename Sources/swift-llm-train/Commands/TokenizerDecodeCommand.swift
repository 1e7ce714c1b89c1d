import ArgumentParser
import Diagnostics
import Foundation
import ModelFiles
import Tokenizers

/// `tokenizer decode`: token ids to text.
struct TokenizerDecodeCommand: FirstRankCommand {
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

    func run() throws {
        let decoder = try StoredModelFormat.tokenizer(tokenizer)
        let words = String(decoding: try StandardInput.bytes(), as: UTF8.self)
            .split(whereSeparator: \.isWhitespace)
        let ids = try words.map { word in
            guard let id = Int32(word) else {
                throw Failure(
                    "cannot decode a token id", expected: "a decimal number", got: "\"\(word)\"",
                    at: "standard input", kind: .usage)
            }
            return id
        }
        Console.write(try decoder.textBytes(of: ids))
    }
}
