import ArgumentParser
import Collectives
import Diagnostics
import Runs

/// The flags of a command that carries out one phase of a recipe.
struct PhaseFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The recipe, or the directory of a run; may also stand first, without --config.",
            valueName: "recipe.yaml"))
    var config: String?

    @OptionGroup var start: StartFlags

    @Argument(help: ArgumentHelp("Keys of the recipe to change.", valueName: "key=value"))
    var overrides: [String] = []

    /// - Returns: the exit code.
    func run(_ phase: Recipe.Phase, on communicator: any Communicator) throws -> Int32 {
        start.beginLog()
        let reading = try communicator.agree {
            let words = try self.words()
            return try RecipeReading(
                path: words.recipe, overrides: start.overrides + words.overrides, phases: [phase])
        }
        if communicator.rank == 0 { reading.announce() }
        if start.isDryRun {
            try PlanReport(recipe: reading.recipe, isFineTuning: phase == .finetune)
                .run(on: communicator)
            return 0
        }
        return try start.runner(communicator).run([phase], of: reading.recipe)
    }

    /// The path of the recipe, which may stand before the overrides, and these.
    private func words() throws(Failure) -> (recipe: String, overrides: [String]) {
        if let config { return (config, overrides) }
        guard let first = overrides.first, !Recipe.Entry.isOverride(first) else {
            throw Failure(
                "no recipe", expected: "--config RECIPE.yaml",
                remedy: "name a recipe, such as launch/recipes/shakespeare-char.yaml",
                kind: .usage)
        }
        return (first, Array(overrides.dropFirst()))
    }
}

extension ConsoleFormat: ExpressibleByArgument {}

/// The flags that tell how a run begins.
struct StartFlags: ParsableArguments {
    @Flag(
        name: .customLong("resume"),
        help: "Go on from the newest complete checkpoint of the run directory.")
    var isResuming = false

    @Flag(
        name: .customLong("take-over"),
        help: """
            Where the file system of the run directory has no locks: end the run that holds it by \
            signs of life in a file.
            """)
    var takesOver = false

    @Flag(
        name: .customLong("dry-run"),
        help: "Tell what the training will cost, as plan does, and start nothing.")
    var isDryRun = false

    @Option(
        name: .customLong("log"),
        help: "The form of what is printed: text, or json for one JSON object a line.")
    var log = ConsoleFormat.text

    @Flag(
        name: .customLong("dashboard"),
        help:
            "Show the training on a page of this machine; metrics.dashboard_port chooses its port.")
    var isWatched = false

    /// What the flags change of a recipe; what is given for it comes later, and counts.
    var overrides: [String] { isWatched ? ["metrics.dashboard_port=7654"] : [] }

    /// Prints from here on as it was asked for.
    func beginLog() { ConsoleFormat.current = log }

    func runner(_ communicator: any Communicator) -> PhaseRunner {
        PhaseRunner(communicator: communicator, isResuming: isResuming, takesOver: takesOver)
    }
}
