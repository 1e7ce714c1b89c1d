import ArgumentParser
import Collectives
import Diagnostics
import Files
import Foundation
import Monitoring
import Runs

/// `find-learning-rate`: a short training with growing learning rates.
struct FindLearningRateCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "find-learning-rate",
        abstract: "Suggests a learning rate, from a short training with growing rates.",
        discussion: """
            Trains the recipe's model on its data for some steps, each with a larger learning rate \
            than the one before, until the loss rises; draws the loss, and suggests the rate where \
            it falls fastest, or a tenth of that of the lowest loss if that is smaller. Writes a \
            page and the figures, and leaves no run behind. The data must be prepared.

            Examples:
              swift-llm-train find-learning-rate recipe.yaml
              mpirun -n 2 swift-llm-train find-learning-rate recipe.yaml --steps 200
              swift-llm-train find-learning-rate recipe.yaml --finetune --to 0.01
            """)

    @Argument(help: ArgumentHelp("The recipe, or a run.", valueName: "recipe.yaml"))
    var recipe: String

    @Option(help: ArgumentHelp("Steps of the sweep, at least 10.", valueName: "n"))
    var steps = 100

    @Option(help: ArgumentHelp("The learning rate of the first step.", valueName: "rate"))
    var from = 1e-6

    @Option(help: ArgumentHelp("The learning rate of the last step.", valueName: "rate"))
    var to = 1.0

    @Option(
        help: ArgumentHelp(
            "What is written: NAME.html and NAME.json.", valueName: "name"))
    var output = "learning-rate"

    @Flag(name: .customLong("finetune"), help: "Sweep the fine-tuning of a recipe that has both.")
    var isFineTuning = false

    @Argument(help: ArgumentHelp("Keys of the recipe to change.", valueName: "key=value"))
    var overrides: [String] = []

    func validate() throws {
        guard steps >= 10 else {
            throw ValidationError("--steps: expected an integer of at least 10, got \(steps)")
        }
        guard from > 0, to > from, to.isFinite else {
            throw ValidationError(
                "--from and --to: expected rates above 0, the second the larger one, got \(from) "
                    + "and \(to)")
        }
    }

    func run(on communicator: any Communicator) throws -> Int32 {
        let (taken, isTuned) = try communicator.agree {
            let reading = try RecipeReading(path: recipe, overrides: overrides)
            if communicator.rank == 0 { reading.announce() }
            return (
                reading.recipe,
                try PlanCommand.takesFineTuning(
                    reading.recipe.phases, isAskedFor: isFineTuning, to: "sweep")
            )
        }
        let phase = SweepPhase(
            communicator: communicator, rates: from...to, stepCount: steps)
        let sweep = try phase.run(taken, isFineTuning: isTuned)
        try communicator.agree {
            guard communicator.rank == 0 else { return }
            try tell(sweep, of: taken.name, ranks: communicator.worldSize)
        }
        return 0
    }

    private func tell(_ sweep: LearningRateSweep, of name: String, ranks: Int) throws {
        let terminal = LiveTerminal.find()
        let drawing = SweepDrawing(
            sweep, columns: terminal?.columns ?? 80, isUnicode: terminal?.isUnicode ?? false)
        for line in drawing.lines { Console.line(line) }
        if sweep.isEnded, let last = sweep.steps.last {
            Console.line(
                "ended at learning rate \(LearningRateSweep.text(last.learningRate)): the loss rose"
            )
        }
        Console.line(sweep.advice)
        try PublishedFile.write(
            Array((sweep.json(name: name, ranks: ranks).text(isPretty: true) + "\n").utf8),
            to: output + ".json")
        try PublishedFile.write(Array(SweepPage(sweep, name: name).html.utf8), to: output + ".html")
        Console.line("written: \(output).html, \(output).json")
    }
}
