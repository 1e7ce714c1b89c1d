import ArgumentParser
import Diagnostics
import Training

/// `help metrics`: what each metric of a run means.
struct MetricsHelpCommand: FirstRankCommand {
    static let configuration = CommandConfiguration(
        commandName: "help metrics",
        abstract:
            "Tells what each metric of a run means, and what it looks like where all goes well.",
        usage: "swift-llm-train help metrics [--markdown]",
        discussion: """
            Examples:
              swift-llm-train help metrics
              swift-llm-train help metrics --markdown
            """)

    @Flag(name: .customLong("markdown"), help: "Print a table in Markdown.")
    var isMarkdown = false

    /// The command where the arguments ask for it; nil where they ask for something else.
    static func asked(by arguments: [String]) throws -> (any ParsableCommand)? {
        guard arguments.starts(with: ["help", "metrics"]) else { return nil }
        return try parseAsRoot(Array(arguments.dropFirst(2)))
    }

    func run() throws {
        Console.line(isMarkdown ? MetricGlossary.markdown : MetricGlossary.text)
    }
}
