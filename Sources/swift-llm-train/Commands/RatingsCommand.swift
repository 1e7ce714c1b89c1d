import ArgumentParser
import Diagnostics
import Evaluation
import Files
import Monitoring

/// `ratings`: how models stand after comparisons of their answers.
struct RatingsCommand: FirstRankCommand {
    static let configuration = CommandConfiguration(
        commandName: "ratings",
        abstract: "Rates models by comparisons of their answers: Elo and Bradley-Terry.",
        discussion: """
            The files hold ratings of the chat page (serve --ratings), or comparisons as AlpacaEval \
            and evaluate --pairwise --answers store them, in the order in which they were made. Each \
            rating comes with the interval that 95 of 100 samples of the comparisons fall into. The \
            last line is one JSON object.

            Examples:
              swift-llm-train ratings ratings.jsonl
              swift-llm-train ratings ratings.jsonl pairs.jsonl --page board.html
            """)

    @Argument(help: ArgumentHelp("Files of ratings or comparisons.", valueName: "file"))
    var files: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Samples of the comparisons that intervals are made from; 0 for none.",
            valueName: "n"))
    var samples = RatingTable.usualRoundCount

    @Option(help: ArgumentHelp("Write a leaderboard, a page of HTML.", valueName: "file"))
    var page: String?

    @Flag(help: "Print JSON alone.")
    var json = false

    func run() throws {
        guard !files.isEmpty else {
            throw Failure(
                "ratings needs files", expected: "ratings of the chat page, or comparisons",
                got: "none", remedy: "see --help", kind: .usage)
        }
        guard (0...100_000).contains(samples) else {
            throw Failure(
                "--samples", expected: "an integer from 0 to 100000", got: "\(samples)",
                remedy: "see --help", kind: .usage)
        }
        let comparisons = try files.flatMap { try ComparisonFile(path: $0).comparisons() }
        let table = try RatingTable(comparisons, roundCount: samples)
        for warning in table.warnings {
            Console.write("warning: \(warning)\n", to: .standardError)
        }
        if let page {
            let board = LeaderboardPage(table, title: "Leaderboard", sources: files)
            try PublishedFile.write(Array(board.html.utf8), to: page)
        }
        if !json { Console.line(table.text) }
        Console.line(table.json.text())
    }
}
