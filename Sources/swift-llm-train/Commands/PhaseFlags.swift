import ArgumentParser
import Collectives
import Runs

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
        let reading = try communicator.agree {
            try RecipeReading(path: config, overrides: overrides, phases: [phase])
        }
        if communicator.rank == 0 { reading.announce() }
        return try PhaseRunner(communicator: communicator, isResuming: isResuming).run(
            [phase], of: reading.recipe)
    }
}
