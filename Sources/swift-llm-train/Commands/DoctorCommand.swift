import ArgumentParser
import Benchmarks
import Collectives
import Diagnostics
import JSON

/// `doctor`: what this machine gives for training.
struct DoctorCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Tells what this machine gives: cores, libraries, speed, limits.",
        discussion: """
            Measures for a few seconds, on all ranks at once, and says what each figure means \
            for training. Under mpirun it measures the ranks' all-reduce too. Warnings name \
            the remedy; the exit code stays 0.

            Examples:
              swift-llm-train doctor
              mpirun -n 4 swift-llm-train doctor --json
            """)

    @Flag(
        name: .customLong("json"), help: "Print one JSON object, with a fixed set of keys.")
    var isJSON = false

    @Flag(name: .customLong("quick"), help: ArgumentHelp("Rough figures.", visibility: .private))
    var isQuick = false

    func run(on communicator: any Communicator) throws -> Int32 {
        let report = try Doctor(communicator: communicator, effort: isQuick ? .quick : .full)
            .report()
        if communicator.rank == 0 {
            Console.line(isJSON ? report.json.text(isPretty: true) : report.text)
        }
        try communicator.agree {
            if communicator.rank == 0 { try FiniteFigures.require(report.json, at: "doctor") }
        }
        return 0
    }
}
