import ArgumentParser
import ModelFiles
import Runs
import Tokenizers

/// `import`: weights of other programs.
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Reads a model of another format into a model directory.",
        discussion: """
            A Hugging Face directory in F32, BF16, F16 or F64, in one file or in shards; a GGUF \
            file, quantised or not; a llama2.c checkpoint. Names, shapes, \
            vocabulary and tokenizer are checked.

            Examples:
              swift-llm-train import --model hf/llama-3.2-1b --output models/llama
              swift-llm-train import --model SmolLM2-135M-Instruct.Q4_1.gguf \\
                --output models/smollm2
              swift-llm-train import --model stories260K.bin --tokenizer tok512.bin \\
                --output models/stories
            """)

    @Option(
        help: ArgumentHelp(
            "A Hugging Face directory, a GGUF file or a llama2.c file.", valueName: "path"))
    var model: String

    @Option(
        help: ArgumentHelp(
            "A tokenizer.json, *.model, llama2.c *.bin, or a directory; by default the model's.",
            valueName: "path"))
    var tokenizer: String?

    @Option(
        help: ArgumentHelp(
            "The chat template to keep with the model, instead of its own: "
                + ChatTemplate.names.joined(separator: ", ")
                + ", a .jinja file or a JSON file of pieces.",
            valueName: "name"))
    var template: String?

    @Option(help: ArgumentHelp("The model directory to write.", valueName: "dir"))
    var output: String

    func run() throws {
        try ImportPhase(
            source: try ModelPath(model).announced(), tokenizer: tokenizer, template: template
        )
        .run(output: output)
    }
}
