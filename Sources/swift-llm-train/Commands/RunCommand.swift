import ArgumentParser
import Collectives
import Diagnostics
import Runs

/// `run`: all phases of a recipe.
struct RunCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs all phases of a recipe, in order, under one mpirun.",
        discussion: """
            A recipe is a YAML file; every key of it can be overridden as key=value. Without a \
            recipe the built-in quick start runs. What differs from the defaults is printed at \
            the start; the whole recipe is stored in the run directory.

            Examples:
              swift-llm-train run recipe.yaml
              mpirun -n 4 swift-llm-train run recipe.yaml --resume train.steps=2000
            """)

    @Argument(help: "The recipe; by default the built-in quick start.")
    var recipe: String?

    @OptionGroup var start: StartFlags

    @Argument(help: ArgumentHelp("Keys of the recipe to change.", valueName: "key=value"))
    var overrides: [String] = []

    /// The path of the recipe, distinguished from an override in its place, and all overrides.
    var words: (recipe: String?, overrides: [String]) {
        guard let recipe, Recipe.Entry.isOverride(recipe) else { return (recipe, overrides) }
        return (nil, [recipe] + overrides)
    }

    var outlivesItsOutput: Bool { true }

    func run(on communicator: any Communicator) throws -> Int32 {
        start.beginLog()
        guard let path = words.recipe else {
            try communicator.agree {
                guard start.isDryRun else { return }
                throw Failure(
                    "--dry-run", expected: "a recipe", got: "the built-in quick start",
                    remedy: "name one, such as launch/recipes/quickstart.yaml", kind: .usage)
            }
            return try QuickStart(
                communicator: communicator, runner: start.runner(communicator),
                overrides: start.overrides + words.overrides
            ).run()
        }
        let reading = try communicator.agree {
            try RecipeReading(path: path, overrides: start.overrides + words.overrides)
        }
        if communicator.rank == 0 { reading.announce() }
        if start.isDryRun {
            let isFineTuning = !reading.recipe.phases.contains(.pretrain)
            try PlanReport(recipe: reading.recipe, isFineTuning: isFineTuning)
                .run(on: communicator)
            return 0
        }
        return try start.runner(communicator).run(reading.recipe.phases, of: reading.recipe)
    }
}
