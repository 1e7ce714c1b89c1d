import ArgumentParser
import Collectives
import ModelFiles
import Runs

/// `merge`: an adapter folded into its base.
struct MergeCommand: FirstRankCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Folds a LoRA adapter into the model for which it was trained.",
        discussion: """
            Writes a Hugging Face directory. Checks that weights changed, and that the logits on \
            a text agree before and after.

            Examples:
              swift-llm-train merge --adapter runs/mine/finetune/checkpoints/latest \\
                --output models/mine
              swift-llm-train merge --adapter from-peft --output models/other
            """)

    @Option(help: ArgumentHelp("The directory of the adapter (PEFT's format).", valueName: "dir"))
    var adapter: String

    @Option(help: ArgumentHelp("The model directory to write.", valueName: "dir"))
    var output: String

    @Option(
        help: ArgumentHelp(
            "The text on which logits are compared; by default one of many letters.",
            valueName: "text"))
    var probe: String?

    @OptionGroup var baseFlag: BaseFlag

    func run() throws {
        let compute = try ComputeResources.agree(threadsPerRank: nil, over: SingleProcess())
        try MergePhase(compute: compute, probe: probe).run(
            adapter: try ModelPath(adapter, needsAdapter: true).announced(),
            base: baseFlag.base, output: output)
    }
}
