import ArgumentParser
import Diagnostics
import ModelFiles
import Tensors

/// `export`: a model for other programs.
struct ExportCommand: ParsableCommand {
    /// How the weights are stored.
    enum WeightType: String, CaseIterable, ExpressibleByArgument {
        case f32, bf16, f16

        var type: SafetensorsType {
            switch self {
            case .f32: .float32
            case .bf16: .bfloat16
            case .f16: .float16
            }
        }
    }

    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes a model as a Hugging Face directory, rounded and in shards if wanted.",
        discussion: """
            Examples:
              swift-llm-train export --model runs/mine/checkpoints/latest \\
                  --output hf --type bf16
              swift-llm-train export --model models/llama --output hf --shard-megabytes 4000
            """)

    @Option(help: ArgumentHelp("A model directory or checkpoint.", valueName: "dir"))
    var model: String

    @Option(help: ArgumentHelp("The directory to write.", valueName: "dir"))
    var output: String

    @Option(help: ArgumentHelp("f32, bf16 or f16, rounded to the nearest.", valueName: "type"))
    var type = WeightType.f32

    @Option(
        help: ArgumentHelp(
            "The most megabytes in a file; by default one holds all.", valueName: "n"))
    var shardMegabytes: Int?

    func run() throws {
        guard shardMegabytes.map({ (1...1 << 24).contains($0) }) ?? true else {
            throw Failure(
                "--shard-megabytes", expected: "an integer from 1 to \(1 << 24)",
                got: "\(shardMegabytes ?? 0)", kind: .usage)
        }
        let (loaded, tokenizer) = try LoadedModel.load(model, device: Device(threadCount: 1))
        let weights = WeightStorage(
            type: type.type, shardSize: shardMegabytes.map { $0 * 1_000_000 })
        try ModelFile(model: loaded, tokenizer: tokenizer, weights: weights).publish(at: output)
        Console.line("exported \(loaded.configuration.summary) as \(type.rawValue) into \(output)")
    }
}
