import ArgumentParser
import Collectives

/// The flags of a command that carries out one phase of a recipe.
struct PhaseFlags: ParsableArguments {
    @Option(help: ArgumentHelp("The recipe.", valueName: "recipe.yaml"))
    var config: String

    @Flag(
        name: .customLong("resume"),
        help: "Go on from the newest complete checkpoint of the run directory.")
    var isResuming = false

    @Argument(help: ArgumentHelp("Keys of the recipe to change.", valueName: "key=value"))
    var overrides: [String] = []

    /// - Returns: the exit code.
    func run(_ phase: Recipe.Phase, on communicator: any Communicator) throws -> Int32 {
        let recipe = try communicator.agree {
            try Recipe.load(path: config, overrides: overrides, phases: [phase])
        }
        return try PhaseRunner(communicator: communicator, isResuming: isResuming).run(
            [phase], of: recipe)
    }
}
