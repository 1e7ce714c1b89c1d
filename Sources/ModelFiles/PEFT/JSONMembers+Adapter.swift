import Diagnostics
import JSON
import Models

/// The keys of adapter_config.json.
extension JSONMembers {
    /// Refuses what would compute something else than this project's adapters.
    func checkAdapter() throws(Failure) {
        let none = JSONValue.null
        try require("peft_type", default: none, oneOf: [.string("LORA")])
        // These change the weights of the base, or the way to compute.
        for key in [
            "layer_replication", "trainable_token_indices", "target_parameters", "corda_config",
            "lora_ga_config", "arrow_config", "kasa_config", "velora_config", "monteclora_config",
            "loftq_config",
        ] { try require(key, default: none, oneOf: [none, .array([]), .object([:])]) }
        for key in ["use_qalora", "lora_bias", "alora_invocation_tokens", "use_bdlora"] {
            try require(key, default: none, oneOf: [none, .boolean(false)])
        }
        // PiSSA, OLoRA and others take a part of the base's weights away.
        try require(
            "init_lora_weights", default: none,
            oneOf: [none, .boolean(true), .boolean(false), .string("gaussian"), .string("eva")])
    }

    /// The sizes.
    func lora(_ targets: ModuleSelection) throws(Failure) -> LoRAConfiguration {
        var lora = LoRAConfiguration()
        lora.rank = try integer("r", default: 8, in: 1...1 << 16)
        lora.alpha = Double(
            try float("lora_alpha", default: 8, expected: "a number above 0") { $0 > 0 })
        lora.dropoutRate = try rate("lora_dropout", default: 0)
        lora.isRankStabilized = try flag("use_rslora")
        lora.decomposesWeights = try flag("use_dora")
        lora.targetModules = targets.texts
        return lora
    }

    /// True or false; missing means false.
    func flag(_ key: String) throws(Failure) -> Bool {
        switch self[key] {
        case nil: return false
        case .boolean(let value): return value
        default: throw failure(key, expected: "true or false")
        }
    }

    /// A list of texts; missing means an empty one.
    func names(_ key: String) throws(Failure) -> [String] {
        guard let value = self[key] else { return [] }
        let names = value.array?.compactMap(\.string)
        guard let names, names.count == value.array?.count else {
            throw failure(key, expected: "a list of names")
        }
        return names
    }

    /// A list of names, or a regular expression; nil where there is neither.
    func selection(_ key: String) throws(Failure) -> ModuleSelection? {
        if let text = self[key]?.string, !text.isEmpty {
            return text == LoRAConfiguration.allModules ? .names([text]) : .expression(text)
        }
        let names = try names(key)
        return names.isEmpty ? nil : .names(names)
    }

    /// The numbers of blocks; missing means all.
    func layers() throws(Failure) -> [Int] {
        let key = "layers_to_transform"
        // The blocks of a model here have one name, which is the usual pattern.
        let known = ["layers", "h"].map { JSONValue.string($0) }
        try require(
            "layers_pattern", default: .null,
            oneOf: [.null, .array([])] + known + known.map { .array([$0]) })
        guard let value = self[key] else { return [] }
        let list = value.array ?? [value]
        let layers = list.compactMap(\.integer).filter { $0 >= 0 }
        guard layers.count == list.count else {
            throw failure(key, expected: "numbers of blocks from 0")
        }
        return layers
    }

    /// An object of values by patterns; missing means an empty one.
    func values<Value: Equatable & Sendable>(
        _ key: String, expected: String, _ read: (JSONValue) -> Value?
    ) throws(Failure) -> ModuleValues<Value> {
        guard let value = self[key] else { return ModuleValues() }
        guard let members = value.members else { throw failure(key, expected: expected) }
        var entries: [ModuleValues<Value>.Entry] = []
        for member in members {
            guard let value = read(member.value) else { throw failure(key, expected: expected) }
            entries.append(.init(String(decoding: member.key, as: UTF8.self), value))
        }
        return ModuleValues(entries)
    }

    func bias() throws(Failure) -> AdapterBias {
        guard let value = self["bias"] else { return .none }
        guard let bias = value.string.flatMap(AdapterBias.init(rawValue:)) else {
            throw failure("bias", expected: "none, all or lora_only")
        }
        return bias
    }
}
