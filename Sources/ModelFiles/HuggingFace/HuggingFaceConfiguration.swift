import Diagnostics
import Files
import JSON
import Models

/// The config.json of a `GPT2LMHeadModel`.
///
/// Missing keys take the defaults of transformers' `GPT2Config`. What would compute something else
/// than this project's GPT-2 is refused, so that no model is loaded and quietly wrong.
package struct HuggingFaceConfiguration: Equatable, Sendable {
    package static let fileName = "config.json"

    package let model: GPT2Configuration
    /// The id of `<|endoftext|>`; nil when the tokenizer has none.
    package let endOfTextID: Int?

    package init(model: GPT2Configuration, endOfTextID: Int?) {
        self.model = model
        self.endOfTextID = endOfTextID
    }

    /// - Parameter path: the file, for the error.
    package init(json: JSONValue, at path: String) throws(Failure) {
        let members = try JSONMembers(json, at: path)
        try Self.checkSettings(members)
        model = try Self.model(members)
        endOfTextID = try Self.endOfTextID(members, vocabularySize: model.vocabularySize)
    }

    package init(reading directory: String) throws(Failure) {
        let path = "\(directory)/\(Self.fileName)"
        let json = try JSONValue(parsing: try FileReader.bytes(of: path), at: path)
        try self.init(json: json, at: path)
    }

    package var json: JSONValue {
        let dropoutRate = JSONValue.float(model.dropoutRate)
        let endOfText = endOfTextID.map(JSONValue.integer) ?? .null
        return .object([
            "activation_function": .string("gelu_new"),
            "add_cross_attention": .boolean(false),
            "architectures": .array([.string("GPT2LMHeadModel")]),
            "attn_pdrop": dropoutRate,
            "bos_token_id": endOfText,
            "dtype": .string("float32"),
            "embd_pdrop": dropoutRate,
            "eos_token_id": endOfText,
            "initializer_range": .number(0.02),
            "layer_norm_epsilon": .float(model.layerNormEpsilon),
            "model_type": .string("gpt2"),
            "n_ctx": .integer(model.contextLength),
            "n_embd": .integer(model.embeddingSize),
            "n_head": .integer(model.headCount),
            "n_inner": .null,
            "n_layer": .integer(model.layerCount),
            "n_positions": .integer(model.contextLength),
            "reorder_and_upcast_attn": .boolean(false),
            "resid_pdrop": dropoutRate,
            "scale_attn_by_inverse_layer_idx": .boolean(false),
            "scale_attn_weights": .boolean(true),
            "tie_word_embeddings": .boolean(true),
            "use_cache": .boolean(true),
            "vocab_size": .integer(model.vocabularySize),
        ])
    }
}

// MARK: Reading

extension HuggingFaceConfiguration {
    /// Settings without a place in `GPT2Configuration` must have the values that it stands for.
    private static func checkSettings(_ members: JSONMembers) throws(Failure) {
        try members.require("model_type", default: .null, oneOf: [.string("gpt2")])
        // Both names mean the tanh approximation; "gelu" is the exact function, and differs.
        try members.require(
            "activation_function", default: .string("gelu_new"),
            oneOf: [.string("gelu_new"), .string("gelu_pytorch_tanh")])
        let isTrue = JSONValue.boolean(true)
        let isFalse = JSONValue.boolean(false)
        try members.require("tie_word_embeddings", default: isTrue, oneOf: [isTrue])
        try members.require("scale_attn_weights", default: isTrue, oneOf: [isTrue])
        try members.require("scale_attn_by_inverse_layer_idx", default: isFalse, oneOf: [isFalse])
        try members.require("add_cross_attention", default: isFalse, oneOf: [isFalse])
        try members.require("quantization_config", default: .null, oneOf: [.null])
    }

    private static func model(_ members: JSONMembers) throws(Failure) -> GPT2Configuration {
        let embeddingSize = try members.integer("n_embd", default: 768, in: 1...1 << 20)
        let headCount = try members.integer("n_head", default: 12, in: 1...1 << 20)
        guard embeddingSize % headCount == 0 else {
            throw members.failure("n_head", expected: "a divisor of n_embd \(embeddingSize)")
        }
        try members.require("n_inner", default: .null, oneOf: [.null, .integer(4 * embeddingSize)])
        return GPT2Configuration(
            vocabularySize: try members.integer("vocab_size", default: 50257, in: 1...1 << 30),
            contextLength: try members.integer("n_positions", default: 1024, in: 1...1 << 30),
            embeddingSize: embeddingSize,
            layerCount: try members.integer("n_layer", default: 12, in: 1...1 << 12),
            headCount: headCount,
            dropoutRate: try dropoutRate(members),
            layerNormEpsilon: try members.float(
                "layer_norm_epsilon", default: 1e-5, expected: "a small number above 0"
            ) { $0 > 0 && $0 < 1 })
    }

    private static func dropoutRate(_ members: JSONMembers) throws(Failure) -> Float {
        func rate(_ key: String) throws(Failure) -> Float {
            try members.float(key, default: 0.1, expected: "a number from 0 to below 1") {
                $0 >= 0 && $0 < 1
            }
        }
        let residual = try rate("resid_pdrop")
        for key in ["embd_pdrop", "attn_pdrop"] where try rate(key) != residual {
            throw members.failure(
                key, expected: "the rate of resid_pdrop, \(residual)",
                remedy: "give the three dropout rates of config.json one value")
        }
        return residual
    }

    /// The default of transformers, 50256, and an id above the vocabulary mean none where the
    /// vocabulary is smaller: no model can produce it.
    private static func endOfTextID(
        _ members: JSONMembers, vocabularySize: Int
    ) throws(Failure) -> Int? {
        var value = members["eos_token_id"]
        if value == nil, !members.contains("eos_token_id") { value = .integer(50256) }
        if let list = value?.array, list.count == 1 { value = list[0] }
        guard let value else { return nil }
        guard let identifier = value.integer, identifier >= 0 else {
            throw members.failure("eos_token_id", expected: "one token id or null")
        }
        return identifier < vocabularySize ? identifier : nil
    }
}
