import Options

/// The format of an exported model, and the path to which it is written.
package struct ExportOptions: OptionBlock {
    package enum Format: String, OptionChoice {
        /// A Hugging Face directory.
        case hf
        /// A file of llama.cpp.
        case gguf
    }

    /// How most weights are stored; the quantised types are those of llama.cpp.
    package enum WeightType: String, OptionChoice {
        case f32, bf16, f16
        case q8 = "q8_0"
        case q6K = "q6_k"
        case q5K = "q5_k_m"
        case q4K = "q4_k_m"
        case q5Minimum = "q5_1"
        case q5 = "q5_0"
        case q4Minimum = "q4_1"
        case q4 = "q4_0"

        /// Whether Hugging Face has no such type.
        package var isQuantized: Bool { ![.f32, .bf16, .f16].contains(self) }
    }

    /// The directory or the file to write; by default OUTPUT/exported, with .gguf for such a file.
    package var output: String?
    /// The programs for which the model is written; usual hf.
    package var format = Format.hf
    /// How the weights are stored, rounded to the nearest; q8_0 to q4_0 in gguf alone; usual f32 or
    /// bf16.
    package var type = WeightType.f32
    /// The licence that the card of a Hugging Face directory names, as hubs spell it: apache-2.0.
    package var license = "unknown"

    package init() {}

    package static var fields: [OptionField<ExportOptions>] {
        [
            OptionField("output", \.output, .changesFreely).naming(.output),
            OptionField("format", \.format, .changesFreely),
            OptionField("type", \.type, .changesFreely),
            OptionField("license", \.license, .changesFreely).addedLater
                .when(.key("format", is: "hf")),
        ]
    }
}

/// The path to which `merge` writes a model with an adapter folded in.
package struct MergeOptions: OptionBlock {
    /// The model directory to write; by default OUTPUT/merged.
    package var output: String?
    /// A text on which the logits before and after are compared; by default one of many letters.
    package var probe: String?

    package init() {}

    package static var fields: [OptionField<MergeOptions>] {
        [
            OptionField("output", \.output, .changesFreely).naming(.output),
            OptionField("probe", \.probe, .changesFreely),
        ]
    }
}
