import ArgumentParser

/// The program: one subcommand for each verb; without any, the built-in quick start.
@main
package struct SwiftLLMTrain: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "swift-llm-train",
        abstract: "Takes text to a trained GPT, on one machine or on a cluster over MPI.",
        discussion: """
            Without a command it runs the built-in quick start: it trains a tokenizer and a \
            small model, and writes a sample. Every command tells more with --help.

            Examples:
              swift-llm-train
              mpirun -n 4 swift-llm-train run recipe.yaml train.steps=100

            Exit codes: 0 done; 64 wrong usage or recipe; 75 stopped on request after saving, \
            --resume goes on; 1 everything else.
            """,
        subcommands: [
            RunCommand.self, TokenizerCommand.self, PrepareCommand.self, PretrainCommand.self,
            EvaluateCommand.self, GenerateCommand.self, InspectCommand.self,
        ])

    package init() {}

    /// Not asynchronous: MPI wants all calls from the thread that initialises it.
    package static func main() {
        do {
            try run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            ExitReport(error).exit()
        }
    }

    /// Parses and runs; what it throws is for an `ExitReport`.
    package static func run(_ arguments: [String]) throws {
        try UnknownCommand.refuse(arguments)
        var command = try parseAsRoot(arguments)
        try command.run()
    }

    package mutating func run() throws {
        var quickStart = try RunCommand.parse([])
        try quickStart.run()
    }
}
