import Files
import JSON
import Models

/// The part of a model of texts and images that computes texts: what config.json says of it in
/// `text_config`, and how its tensors are called.
struct TextPart {
    static let key = "text_config"
    /// Members that stand beside the part and mean it too.
    private static let shared = [
        "bos_token_id", "eos_token_id", "quantization_config", "tie_word_embeddings",
    ]
    /// What stands before the names of its tensors, with what they have instead without the rest.
    private static let prefixes = [("language_model.", ""), ("model.language_model.", "model.")]

    /// The family of the whole.
    let whole: String
    /// As the config.json of the part alone.
    let json: JSONValue

    /// nil for a model that is all text.
    init?(of json: JSONValue) {
        let whole = json["model_type"]?.string ?? ""
        guard Architecture(rawValue: whole) == nil, var members = json[Self.key]?.object else {
            return nil
        }
        for key in Self.shared where members[key] == nil { members[key] = json[key] }
        (self.whole, self.json) = (whole, .object(members))
    }

    /// The model directory's, for a note; nil where it is all text, and where it has no config.json that can
    /// be read.
    init?(in directory: String) {
        let path = "\(directory)/\(HuggingFaceConfiguration.fileName)"
        guard let bytes = try? FileReader.bytes(of: path),
            let json = try? JSONValue(parsing: bytes, at: path)
        else { return nil }
        self.init(of: json)
    }

    /// Tensors of the part by the names that they have without the rest; as they are where none has such a
    /// name.
    static func renamed<Value>(_ tensors: [String: Value]) -> [String: Value] {
        var part: [String: Value] = [:]
        for (name, value) in tensors {
            for (prefix, own) in prefixes where name.hasPrefix(prefix) {
                part[own + name.dropFirst(prefix.count)] = value
            }
        }
        guard !part.isEmpty else { return tensors }
        let head = "lm_head.weight"
        if let value = tensors[head], part[head] == nil { part[head] = value }
        return part
    }
}
