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

    @OptionGroup var flags: PhaseFlags

    var outlivesItsOutput: Bool { true }

    func run(on communicator: any Communicator) throws -> Int32 {
        try flags.run(.finetune, on: communicator)
    }
}
