import ArgumentParser
import Collectives
import Diagnostics
import Foundation
import Signals

/// The program: one subcommand for each verb; without any, the built-in quick start.
@main
package struct SwiftLLMTrain: ParsableCommand, RankedCommand {
    package static let configuration = CommandConfiguration(
        commandName: "swift-llm-train",
        abstract: "Takes text to a trained GPT, on one machine or on a cluster over MPI.",
        discussion: """
            Without a command it runs the built-in quick start: it trains a tokenizer and a \
            small model, and writes a sample. Every command tells more with --help, and \
            `help recipe` prints the keys of recipes.

            Examples:
              swift-llm-train
              mpirun -n 4 swift-llm-train run recipe.yaml train.steps=100

            Exit codes: 0 done; 64 wrong usage or recipe; 75 stopped on request after saving, \
            --resume goes on; 1 everything else.
            """,
        version: ProgramVersion.text,
        subcommands: [
            RunCommand.self, PlanCommand.self, FindLearningRateCommand.self, CorpusCommand.self,
            TokenizerCommand.self,
            PrepareCommand.self,
            PretrainCommand.self, FinetuneCommand.self, EvaluateCommand.self, GenerateCommand.self,
            ChatCommand.self, ServeCommand.self, ClassifyCommand.self, RewardCommand.self,
            RatingsCommand.self,
            ImportCommand.self, ExportCommand.self, MergeCommand.self, InspectCommand.self,
            DashboardCommand.self,
            ReportCommand.self,
            ReplayCommand.self, SuperviseCommand.self, HostsCommand.self, DoctorCommand.self,
            BenchCommand.self,
        ])

    package init() {}

    var outlivesItsOutput: Bool { true }

    package mutating func run() throws {
        _ = try run(on: SingleProcess())
    }

    package func run(on communicator: any Communicator) throws -> Int32 {
        try RunCommand.parse([]).run(on: communicator)
    }

    /// Not asynchronous: MPI wants all calls from the thread that initialises it.
    package static func main() {
        SignalTaker.start()
        Console.occupyClosedStreams()
        _ = ProgramClock.start
        let code = World.run { communicator in
            let code = try run(Array(CommandLine.arguments.dropFirst()), on: communicator)
            SignalTaker.keepExitCode()
            return code
        }
        Foundation.exit(code)
    }

    /// The command that the arguments name.
    ///
    /// - Throws: A usage `Failure` for a mistyped command or option, else what ArgumentParser throws.
    package static func parsed(_ arguments: [String]) throws -> any ParsableCommand {
        if let command = try TopicHelpCommand.asked(by: arguments) { return command }
        try UnknownCommand.refuse(arguments)
        try UnknownOption.refuse(arguments)
        return try parseAsRoot(arguments)
    }

    /// Parses the arguments and runs the command.
    ///
    /// All ranks have the same arguments: the first alone reports what is wrong with them.
    ///
    /// - Returns: the exit code.
    package static func run(
        _ arguments: [String], on communicator: any Communicator
    ) throws -> Int32 {
        var command: any ParsableCommand
        do {
            command = try parsed(arguments)
        } catch {
            let report = ExitReport(error)
            if communicator.rank == 0 { report.print() }
            return report.exitCode
        }
        if let ranked = command as? any RankedCommand {
            Console.endsProgram = !ranked.outlivesItsOutput
            return try ranked.run(on: communicator)
        }
        do {
            try command.run()
            return 0
        } catch {
            let report = ExitReport(error)
            if communicator.rank == 0 { report.print() }
            return report.exitCode
        }
    }
}
