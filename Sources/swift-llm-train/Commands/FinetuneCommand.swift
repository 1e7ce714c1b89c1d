import ArgumentParser
import Collectives

/// `finetune`: the fine-tuning phase of a recipe alone.
struct FinetuneCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "finetune",
        abstract: "Trains a model on examples: LoRA, classification, instructions.",
        discussion: """
            The block finetune of the recipe names the model (from), the examples (data), the \
            task and what is trained. Writes a run directory (finetune.output, by default \
            OUTPUT/finetune), whose checkpoints are Hugging Face models, or PEFT adapters with \
            trained: lora.

            Examples:
              swift-llm-train finetune --config recipe.yaml finetune.from=models/mine \\
                finetune.data=answers.json
              mpirun -n 4 swift-llm-train finetune --config recipe.yaml --resume
            """)

    @Option(help: ArgumentHelp("The recipe.", valueName: "recipe.yaml"))
    var config: String

    @Flag(
        name: .customLong("resume"),
        help: "Go on from the newest complete checkpoint of the run directory.")
    var isResuming = false

    @Argument(help: ArgumentHelp("Keys of the recipe to change.", valueName: "key=value"))
    var overrides: [String] = []

    func run(on communicator: any Communicator) throws -> Int32 {
        let recipe = try communicator.agree {
            try Recipe.load(path: config, overrides: overrides, phases: [.finetune])
        }
        return try PhaseRunner(communicator: communicator, isResuming: isResuming).run(
            [.finetune], of: recipe)
    }
}
