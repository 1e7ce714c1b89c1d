import ArgumentParser

@main
struct SwiftLLMTrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "swift-llm-train")
}
