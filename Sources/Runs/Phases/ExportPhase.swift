import Diagnostics
import Files
import ModelFiles
import Tensors

/// `export`: a model for other programs.
package struct ExportPhase {
    package let format: ExportOptions.Format
    package let type: ExportOptions.WeightType
    /// The most bytes of tensors in a file; nil puts all into one.
    package var shardSize: Int?
    /// What the card of the model names.
    package let license: String

    package init(
        format: ExportOptions.Format, type: ExportOptions.WeightType, shardSize: Int? = nil,
        license: String = ExportOptions().license
    ) {
        (self.format, self.type, self.shardSize) = (format, type, shardSize)
        self.license = license
    }

    /// - Throws: `Failure` where something exists at `output`, or a write fails.
    package func run(
        model directory: String, base: String? = nil, output: String, isReplacing: Bool = false
    ) throws {
        let loaded = try LoadedModel.merged(
            directory, base: base, device: Device(threadCount: 1))
        if let type = type.safetensors, format == .hf {
            var file = loaded.file(weights: WeightStorage(type: type, shardSize: shardSize))
            file.texts[ModelCard.fileName] =
                try ModelCard(
                    of: directory, summary: loaded.model.configuration.summary,
                    isClassifier: loaded.labels != nil, license: license
                ).text
            try file.publish(at: output, isReplacing: isReplacing)
        } else {
            try loaded.requireNoHead(at: directory)
            let model = loaded.model
            try OutputPath.makeParent(of: output)
            try GGUFModel.publish(
                model.configuration,
                tensors: model.parameters.named(
                    model.parameters.values, of: model.baseParameters),
                tokenizer: loaded.tokenizer, chatTemplate: loaded.chatTemplate, type: type.gguf,
                at: output, isReplacing: isReplacing)
            for note in try GGUFModel.notes(on: model.configuration, loaded.tokenizer) {
                Console.line("note: \(note)")
            }
        }
        Console.line(
            "exported \(loaded.model.configuration.summary) as \(type.rawValue) into \(output)")
    }
}

extension ExportOptions.WeightType {
    /// nil where Hugging Face has no such type.
    package var safetensors: SafetensorsType? {
        switch self {
        case .f32: .float32
        case .bf16: .bfloat16
        case .f16: .float16
        default: nil
        }
    }

    fileprivate var gguf: GGUFType {
        switch self {
        case .f32: .float32
        case .bf16: .bfloat16
        case .f16: .float16
        case .q8: .q8
        case .q6K: .q6K
        case .q5K: .q5K
        case .q4K: .q4K
        case .q5Minimum: .q5Minimum
        case .q5: .q5
        case .q4Minimum: .q4Minimum
        case .q4: .q4
        }
    }
}
