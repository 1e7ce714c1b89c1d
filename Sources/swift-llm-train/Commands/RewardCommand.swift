import ArgumentParser

/// `reward`: a group of commands about reward models.
struct RewardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reward",
        abstract: "Scores answers by a reward model.",
        discussion: """
            A reward model is what a fine-tuning with finetune.task=reward makes.

            Examples:
              swift-llm-train reward score --model runs/reward --input answers.jsonl
              mpirun -n 2 swift-llm-train reward score --model MODEL --input chats.json
            """,
        subcommands: [RewardScoreCommand.self])
}
