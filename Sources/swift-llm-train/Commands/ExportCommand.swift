import ArgumentParser
import Diagnostics
import ModelFiles
import Runs

extension ExportOptions.Format: ExpressibleByArgument {}
extension ExportOptions.WeightType: ExpressibleByArgument {}

/// `export`: a model for other programs.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes a model as a Hugging Face directory or as a GGUF file of llama.cpp.",
        discussion: """
            Matrices are rounded to the type; in GGUF, vectors stay f32, and rows that are no \
            multiple of a block have the next larger type that fits, or f16.

            Examples:
              swift-llm-train export --model runs/mine/checkpoints/latest \\
                --output hf --type bf16
              swift-llm-train export --model models/llama --output llama.gguf \\
                --format gguf --type q8_0
            """)

    @Option(
        help: ArgumentHelp("A model directory, GGUF file, checkpoint or run.", valueName: "dir"))
    var model: String

    @Option(help: ArgumentHelp("The directory, or the GGUF file, to write.", valueName: "path"))
    var output: String

    @Option(help: ArgumentHelp("hf (Hugging Face) or gguf.", valueName: "format"))
    var format = ExportOptions.Format.hf

    @Option(
        help: ArgumentHelp(
            "f32, bf16, f16, or for gguf q8_0, q6_k, q5_k_m, q4_k_m, q5_1, q5_0, q4_1, q4_0.",
            valueName: "type"))
    var type = ExportOptions.WeightType.f32

    @Option(
        help: ArgumentHelp(
            "The most megabytes in a file; by default one holds all.", valueName: "n"))
    var shardMegabytes: Int?

    @Option(
        help: ArgumentHelp(
            "The licence that the card of a Hugging Face directory names.", valueName: "name"))
    var license = ExportOptions().license

    @OptionGroup var baseFlag: BaseFlag

    func run() throws {
        try check()
        try ExportPhase(
            format: format, type: type, shardSize: shardMegabytes.map { $0 * 1_000_000 },
            license: license
        ).run(model: try ModelPath(model).announced(), base: baseFlag.base, output: output)
    }

    private func check() throws {
        if let shardMegabytes, !(1...1 << 24).contains(shardMegabytes) {
            throw Failure(
                "--shard-megabytes", expected: "an integer from 1 to \(1 << 24)",
                got: "\(shardMegabytes)", kind: .usage)
        }
        if format == .gguf, shardMegabytes != nil {
            throw Failure(
                "a GGUF file has no shards", remedy: "remove --shard-megabytes", kind: .usage)
        }
        if format == .hf, type.safetensors == nil {
            throw Failure(
                "Hugging Face directories have no type \(type.rawValue)",
                expected: "f32, bf16 or f16", remedy: "choose one of them, or --format gguf",
                kind: .usage)
        }
    }
}
