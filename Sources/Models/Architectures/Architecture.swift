import Diagnostics
import JSON
import Options

/// A family of decoders: its names in every format, its usual sizes, and how its config.json is read and
/// written. What it computes is in the features of its configurations.
///
/// A new one is a file beside this one, and a row in `all`.
package struct Architecture: OptionChoice {
    /// The word for it in recipes, in config.json and in GGUF files.
    package let name: String
    /// The class of transformers that writes text.
    let causalClass: String
    /// The class of transformers that tells classes apart.
    package let classifierClass: String
    package let names: ModuleNames
    /// The endings of tensors in older files that hold nothing to be read.
    package let superfluousSuffixes: [String]
    /// The ids of transformers where config.json names none; no beginning where texts start without.
    package let defaultIDs: (beginningOfText: Int?, endOfText: Int)
    /// Whether the two rows of a plane of rotary positions are neighbours in GGUF files.
    package let hasNeighbouringPlanesInGGUF: Bool
    /// The keys of a recipe that it has beyond those of all architectures.
    let settings: Set<DecoderSetting>
    /// The features of the first are those of a model of explicit sizes.
    let presets: [ModelPreset]
    /// The width inside the feed-forward part where a recipe names none.
    let usualMLPSize: @Sendable (_ embeddingSize: Int) -> Int
    /// Reads config.json; settings that no feature stands for must have the values of the family.
    package let read: @Sendable (JSONMembers) throws(Failure) -> DecoderConfiguration
    /// What config.json says of the family's sizes and features.
    let write: @Sendable (DecoderConfiguration) -> [String: JSONValue]

    /// All families, in the order in which they are listed.
    package static let all = [
        gpt2, llama, mistral, qwen2, qwen3, smolLM3, olmo2, gemma, gemma2, gemma3, phi3, gptNeoX,
    ]
}

extension Architecture {
    /// A family whose config.json, names and keys of a recipe are those of Llama but for its blocks.
    ///
    /// - Parameters:
    ///   - classes: What the names of its classes in transformers begin with.
    ///   - classifier: The class that tells classes apart, where its name begins otherwise.
    ///   - block: The names of the modules of a block, in their order.
    static func relativeOfLlama(
        name: String, classes: String, classifier: String? = nil,
        block: KeyValuePairs<DecoderModule, String>,
        defaultIDs: (beginningOfText: Int?, endOfText: Int), hasNeighbouringPlanesInGGUF: Bool,
        presets: [ModelPreset],
        read: @escaping @Sendable (JSONMembers) throws(Failure) -> DecoderConfiguration,
        write: @escaping @Sendable (DecoderConfiguration) -> [String: JSONValue]
    ) -> Architecture {
        Architecture(
            name: name, causalClass: classes + "ForCausalLM",
            classifierClass: classifier ?? classes + "ForSequenceClassification",
            names: ModuleNames(
                prefix: "model", blocks: "layers",
                embeddings: [.tokenEmbedding: "embed_tokens"], block: block,
                end: [.finalNorm: "norm"], output: "lm_head"),
            // The frequencies of rotary positions.
            superfluousSuffixes: [".rotary_emb.inv_freq"], defaultIDs: defaultIDs,
            hasNeighbouringPlanesInGGUF: hasNeighbouringPlanesInGGUF,
            settings: Set(DecoderSetting.allCases), presets: presets,
            // Two thirds of 4 C, rounded up to a multiple of 32.
            usualMLPSize: { (8 * $0 / 3 + 31) / 32 * 32 }, read: read, write: write)
    }
}

/// A key of the recipe's block `model` that not all architectures have.
enum DecoderSetting: String, CaseIterable {
    case keyValueHeadCount = "key_value_head_count"
    case headSize = "head_size"
    case mlpSize = "mlp_size"
    case ropeTheta = "rope_theta"
    case normEpsilon = "norm_epsilon"
    case tieEmbeddings = "tie_embeddings"
}

extension Architecture {
    package static var allCases: [Architecture] { all }
    package var rawValue: String { name }

    package init?(rawValue: String) {
        guard let architecture = Self.all.first(where: { $0.name == rawValue }) else { return nil }
        self = architecture
    }

    /// Those of a model of explicit sizes, among other sizes.
    var usualFeatures: DecoderConfiguration { presets[0].configuration(vocabularySize: 1) }
}

extension DecoderConfiguration {
    /// What config.json says of the architecture, its sizes and its features.
    package var huggingFaceMembers: [String: JSONValue] {
        architecture.write(self).merging([
            "architectures": .array([.string(architecture.causalClass)]),
            "model_type": .string(architecture.name),
        ]) { $1 }
    }
}

extension JSONMembers {
    /// The family that `model_type` names.
    package func architecture() throws(Failure) -> Architecture {
        let name = self["model_type"]?.string
        guard let name, let architecture = Architecture(rawValue: name) else {
            let names = Architecture.all.map { "\"\($0.name)\"" }
            throw failure("model_type", expected: names.joined(separator: " or "))
        }
        return architecture
    }
}
