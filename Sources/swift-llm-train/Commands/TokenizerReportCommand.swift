import ArgumentParser
import Corpus
import Diagnostics
import JSON
import ModelFiles
import Runs
import Tokenizers

/// `tokenizer report`: how well a tokenizer fits some documents.
struct TokenizerReportCommand: FirstRankCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Prints how well a tokenizer fits some documents.",
        discussion: """
            Tells bytes a token, tokens a word (fertility) by language, the share of tokens that \
            are a part of a character, and unused and long tokens. The language is that which the \
            field "language" of a record names, else the script of the text.

            Examples:
              swift-llm-train tokenizer report --tokenizer gpt2 --input a.txt
              swift-llm-train tokenizer report --tokenizer gpt2 --against own --input clean
            """)

    @Option(help: ArgumentHelp("A tokenizer.json, or a directory with one.", valueName: "path"))
    var tokenizer: String

    @Option(help: ArgumentHelp("A tokenizer to compare with.", valueName: "path"))
    var against: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Files of documents, of any format of corpus.", valueName: "file"))
    var input: [String]

    @Option(help: ArgumentHelp("The field of the text in records.", valueName: "name"))
    var textField = CorpusOptions().textField

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        var reports = try ([tokenizer] + (against.map { [$0] } ?? [])).map {
            try TokenizerReport(StoredModelFormat.tokenizer($0), path: $0)
        }
        var options = CorpusOptions()
        options.input = input
        options.textField = textField
        try CorpusDocuments.forEach(options) { document in
            for index in reports.indices { try reports[index].add(document) }
        }
        guard reports[0].total.documents > 0 else {
            throw Failure(
                "there is nothing to report on", expected: "at least one document", got: "none",
                at: input.joined(separator: ", "), remedy: "check the files, or --text-field")
        }
        try json ? printJSON(reports) : printLines(reports)
    }

    private func printJSON(_ reports: [TokenizerReport]) throws {
        guard let other = reports.dropFirst().first else {
            return Console.line(try reports[0].json().text(isPretty: true))
        }
        Console.line(
            JSONValue.object([
                "report": try reports[0].json(), "against": try other.json(),
                "tokens_ratio": .number(Self.ratio(reports[0], other)),
            ]).text(isPretty: true))
    }

    private func printLines(_ reports: [TokenizerReport]) throws {
        for report in reports { for line in try report.lines() { Console.line(line) } }
        guard let other = reports.dropFirst().first else { return }
        let percent = (Self.ratio(reports[0], other) * 1000).rounded() / 10
        Console.line(
            "\(tokenizer) needs \(percent) % of the tokens of \(other.path) for the same text")
    }

    private static func ratio(_ one: TokenizerReport, _ other: TokenizerReport) -> Double {
        Double(one.total.tokens) / Double(max(1, other.total.tokens))
    }
}
