import ArgumentParser
import Diagnostics
import Monitoring
import Runs

/// `report`: a page about a run.
struct ReportCommand: FirstRankCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Makes a page about a run: what was trained on what, its curves, its samples.",
        discussion: """
            Writes report.html into the run directory, as each run does at its end: one file \
            without scripts, to open in a browser or to send to others. The run may still be at \
            work, or have been cut off. --markdown prints the text for the card of a model.

            Examples:
              swift-llm-train report runs/small
              swift-llm-train report runs/small --output small.html
              swift-llm-train report runs/small --markdown
            """)

    @Argument(help: ArgumentHelp("The directory of a run.", valueName: "run"))
    var directory: String

    @Option(help: "The file to write; by default report.html in the run directory.")
    var output: String?

    @Flag(name: .customLong("markdown"), help: "Print Markdown instead.")
    var isMarkdown = false

    func validate() throws {
        guard !isMarkdown || output == nil else {
            throw ValidationError("--markdown prints; it stands without --output")
        }
    }

    func run() throws {
        let reporter = RunReporter(ofRun: directory)
        guard isMarkdown else { return Console.line(try reporter.write(to: output)) }
        Console.write(ReportMarkdown(try reporter.content()).text)
    }
}
