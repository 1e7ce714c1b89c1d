import ArgumentParser
import Diagnostics
import Files
import Runs

/// `replay`: one step of a run again.
struct ReplayCommand: FirstRankCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Computes one step of a run again, and tells what it was made of.",
        discussion: """
            Starts at the nearest complete checkpoint before the step (without one, at the \
            beginning), carries out the steps between on one rank, and prints the step's loss, \
            the norms of its gradient by layer, and the documents of its batch as text. Nothing \
            is written but the page that --page names, which has the loss of each sequence, too. Loss and norm must equal those of metrics.jsonl bit for bit, whatever the \
            number of ranks that computed them; where they differ the exit code is 1.

            Paths in the recipe of the run are relative to the working directory, as they were \
            when it ran.

            Examples:
              swift-llm-train replay --run runs/small --step 1200
              swift-llm-train replay --run runs/small --step 1200 --full
              swift-llm-train replay --run runs/small --step 1200 --page step.html
            """)

    @Option(name: .customLong("run"), help: ArgumentHelp("The run directory.", valueName: "dir"))
    var directory: String

    @Option(help: ArgumentHelp("The step, counted from 1 as in metrics.jsonl.", valueName: "s"))
    var step: Int

    @Flag(name: .customLong("full"), help: "Print all of the text of each sequence.")
    var isFull = false

    @Option(help: ArgumentHelp("Write a page of HTML, too.", valueName: "file"))
    var page: String?

    func run() throws {
        let result = try ReplayPhase(run: directory, step: step, listsSequences: page != nil)
            .compute()
        let report = ReplayReport(result: result, isFull: isFull)
        Console.line(try report.text)
        if let page {
            try PublishedFile.write(
                Array(report.page(ofRun: directory).html.utf8), to: page)
            Console.line("page \(page)")
        }
        guard !result.recorded.hasBits(of: result.step) else { return }
        throw Failure(
            "the step differs from what the run recorded",
            expected: "loss \(ReplayReport.number(result.recorded.loss)), gradient norm "
                + ReplayReport.number(result.recorded.gradientNorm),
            got: "loss \(result.step.loss), gradient norm \(result.step.gradientNorm)",
            at: "step \(step) in \(directory)/metrics.jsonl",
            remedy: "look for other kernels (doctor), other shards, or damaged memory")
    }
}
