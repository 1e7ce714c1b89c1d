import Diagnostics
import Models
import Tokenizers

/// A model with its tokenizer as one file of llama.cpp.
package enum GGUFModel {
    /// Version of the quantised types.
    private static let quantizationVersion: UInt32 = 2

    /// What llama.cpp computes otherwise than this program.
    package static func notes(
        on model: DecoderConfiguration, _ tokenizer: any Tokenizer
    ) throws -> [String] {
        guard let family = GGUFFamily.family(of: model.architecture) else { return [] }
        var notes = try GGUFVocabulary(tokenizer, size: model.vocabularySize).notes
        if let windows = family.windows, !windows.isHeeded, let window = model.sliding?.window,
            window < model.contextLength
        {
            notes.append(
                "llama.cpp passes over the window of attention in files of the family "
                    + "\(family.name): it computes texts of more than \(window) tokens otherwise")
        }
        if model.activation == .exactGELU {
            notes.append("llama.cpp computes GELU in its tanh form, not in the exact one")
        }
        return notes
    }

    /// Writes a GGUF file that appears whole or not at all.
    ///
    /// - Parameters:
    ///   - tensors: those of `configuration.tensors`, in that order.
    ///   - type: of most matrices.
    /// - Throws: `Failure` for values that do not fit the type, a tokenizer that has no place in the
    ///   format, something that stands at `path` already, and a failed write.
    package static func publish(
        _ configuration: DecoderConfiguration, tensors: [NamedTensor], tokenizer: any Tokenizer,
        chatTemplate: String? = nil, type: GGUFType, at path: String, isReplacing: Bool = false
    ) throws {
        guard let family = GGUFFamily.family(of: configuration.architecture) else {
            throw Failure(
                "this family is not written as GGUF",
                expected: GGUFFamily.all.map(\.name).joined(separator: " or "),
                got: configuration.architecture.name,
                remedy: "export it as a Hugging Face directory")
        }
        let general: [(key: String, value: GGUFValue)] = [
            ("general.architecture", .text(family.name)),
            ("general.type", .text("model")),
            ("general.file_type", .integer(type.fileCode)),
            ("general.quantization_version", .integer(quantizationVersion)),
        ]
        let vocabulary = try GGUFVocabulary(tokenizer, size: configuration.vocabularySize)
        let chat = chatTemplate.map { ("tokenizer.chat_template", GGUFValue.text($0)) }
        let metadata = try family.metadata(of: configuration)
        try GGUFFile(
            metadata: general + metadata + vocabulary.metadata
                + (chat.map { [$0] } ?? []),
            tensors: family.completed(configuration.ggufTensors(tensors, type: type))
        ).publish(at: path, isReplacing: isReplacing)
    }
}
