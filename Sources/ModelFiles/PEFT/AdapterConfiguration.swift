import Diagnostics
import Files
import JSON
import Models

/// The adapter_config.json of PEFT for LoRA.
///
/// What would compute something else than this project's adapters is refused.
package struct AdapterConfiguration: Equatable, Sendable {
    package static let fileName = "adapter_config.json"

    package var lora: LoRAConfiguration
    /// The directory of the model for which the adapter was made.
    package var basePath: String?
    /// Whether a classification head lies beside the adapter.
    package var hasHead: Bool

    package init(lora: LoRAConfiguration, basePath: String?, hasHead: Bool = false) {
        self.lora = lora
        self.basePath = basePath
        self.hasHead = hasHead
    }

    /// - Parameter path: the file, for the error.
    package init(json: JSONValue, at path: String) throws(Failure) {
        let members = try JSONMembers(json, at: path)
        try Self.check(members)
        lora = LoRAConfiguration()
        lora.rank = try members.integer("r", default: 8, in: 1...1 << 16)
        lora.alpha = Double(
            try members.float("lora_alpha", default: 8, expected: "a number above 0") { $0 > 0 })
        lora.dropoutRate = try members.rate("lora_dropout", default: 0)
        lora.isRankStabilized = try members.flag("use_rslora")
        lora.decomposesWeights = try members.flag("use_dora")
        lora.targetModules = try Self.targets(members)
        basePath = members["base_model_name_or_path"]?.string
        let kept = members["modules_to_save"]?.array ?? []
        hasHead = !kept.isEmpty
    }

    package init(reading directory: String) throws(Failure) {
        let path = "\(directory)/\(Self.fileName)"
        try self.init(
            json: try JSONValue(parsing: try FileReader.bytes(of: path), at: path), at: path)
    }

    private static func check(_ members: JSONMembers) throws(Failure) {
        let none = JSONValue.null
        try members.require("peft_type", default: none, oneOf: [.string("LORA")])
        try members.require("bias", default: .string("none"), oneOf: [.string("none")])
        for key in ["rank_pattern", "alpha_pattern"] {
            try members.require(key, default: none, oneOf: [none, .object([:])])
        }
        for key in [
            "layers_to_transform", "layers_pattern", "layer_replication", "trainable_token_indices",
            "target_parameters", "exclude_modules", "corda_config", "eva_config",
        ] { try members.require(key, default: none, oneOf: [none, .array([])]) }
        for key in ["use_qalora", "lora_bias", "alora_invocation_tokens"] {
            try members.require(key, default: none, oneOf: [none, .boolean(false)])
        }
        let score = JSONValue.string("score")
        try members.require(
            "modules_to_save", default: none,
            oneOf: [
                none, .array([]), .array([score]), .array([.string("classifier"), score]),
            ])
    }

    private static func targets(_ members: JSONMembers) throws(Failure) -> [String] {
        let value = members["target_modules"]
        if value?.string == LoRAConfiguration.allModules { return [LoRAConfiguration.allModules] }
        let names = value?.array?.compactMap(\.string)
        guard let names, !names.isEmpty, names.count == value?.array?.count else {
            throw members.failure(
                "target_modules",
                expected: "a list of names (patterns are not read), or "
                    + "\"\(LoRAConfiguration.allModules)\"")
        }
        return names
    }

    /// - Parameter model: for which the adapter was made.
    package func json(for model: DecoderConfiguration) throws -> JSONValue {
        return .object([
            "base_model_name_or_path": basePath.map(JSONValue.string) ?? .null,
            "bias": .string("none"), "fan_in_fan_out": .boolean(model.weightLayout == .inputFirst),
            "inference_mode": .boolean(true), "init_lora_weights": .boolean(true),
            "lora_alpha": .number(lora.alpha), "lora_dropout": .float(lora.dropoutRate),
            "modules_to_save": hasHead ? .array([.string("score")]) : .null,
            "peft_type": .string("LORA"), "r": .integer(lora.rank),
            "target_modules": .array(try targets(in: model).map(JSONValue.string)),
            "task_type": .string(hasHead ? "SEQ_CLS" : "CAUSAL_LM"),
            "use_dora": .boolean(lora.decomposesWeights),
            "use_rslora": .boolean(lora.isRankStabilized),
        ])
    }

    /// PEFT's "all-linear" is a list of its own making: the names are written out.
    private func targets(in model: DecoderConfiguration) throws -> [String] {
        guard lora.targetModules.contains(LoRAConfiguration.allModules) else {
            return lora.targetModules
        }
        let endings = try lora.modules(of: model).compactMap { $0.name.split(separator: ".").last }
        return Set(endings.map(String.init)).sorted()
    }
}

extension JSONMembers {
    /// True or false; missing means false.
    func flag(_ key: String) throws(Failure) -> Bool {
        switch self[key] {
        case nil: return false
        case .boolean(let value): return value
        default: throw failure(key, expected: "true or false")
        }
    }
}
