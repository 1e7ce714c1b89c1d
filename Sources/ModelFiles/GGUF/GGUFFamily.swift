import JSON
import Models

/// How the models of a family stand in GGUF files: what config.json calls the values of its metadata.
///
/// Tensors have the same names in all families, by what their modules do; which rows stand in another
/// order is told by the features of the configuration. A new family is a value in GGUFFamily+All.swift.
struct GGUFFamily: Sendable {
    /// The family's name in `general.architecture`, which its keys begin with.
    let name: String
    let architecture: Architecture
    /// Families of other names that stand in files as this one.
    var relatives: [Architecture] = []
    /// The keys behind the name with the members of config.json that they hold.
    let members: [(key: String, member: String)]
    /// Keys without which there is no model; the others have the defaults of llama.cpp.
    let required: Set<String>
    /// Members of config.json that every file of the family means.
    let constants: [String: JSONValue]
    /// Members where a file has no key for them: what llama.cpp takes.
    var usual: [String: JSONValue] = [:]
    /// Which layers see a window of the past; nil where all see all of it.
    var windows: GGUFWindows?
    /// The member for the share of a head that turns; nil where all of it does.
    var share: String?
    /// Where scores are divided by the root of a head's width but in a model of so many layers, in which it
    /// is that of width / heads; nil for families whose config.json does not tell.
    var largeLayerCount: Int?
    /// Whether the tensors of a file tell which linear layers have biases.
    var hasOptionalBiases = false
    /// Whether llama.cpp takes the embedding table as output layer, and no other.
    var isAlwaysTied = false
    /// Whether llama.cpp wants an output layer also where it is the embedding table.
    var repeatsTable = false
    /// Keys of sizes that follow from the others.
    let fixed: @Sendable (DecoderConfiguration) -> [(key: String, value: Int)]

    /// Keys that change nothing: sizes that follow from the tensors, and words of converters.
    static let harmless: Set<String> = ["vocab_size", "tensor_data_layout"]
    /// Keys that say of a feature that it is not there where they are 0.
    static let absent: Set<String> = ["expert_count", "expert_used_count"]

    /// The family as which models of an architecture stand in files; nil where llama.cpp has none.
    static func family(of architecture: Architecture) -> GGUFFamily? {
        all.first { ([$0.architecture] + $0.relatives).contains { $0.name == architecture.name } }
    }

    /// Whether a key behind the name is understood.
    func knows(_ key: String, of model: DecoderConfiguration) -> Bool {
        Self.harmless.contains(key) || members.contains { $0.key == key }
            || fixed(model).contains { $0.key == key } || GGUFScaling.keys.contains(key)
            || windows != nil && GGUFWindows.keys.contains(key)
    }
}
