import Diagnostics
import Files
import JSON
import Models

/// The adapter_config.json of PEFT for LoRA.
///
/// What would compute something else than this project's adapters is refused.
package struct AdapterConfiguration: Equatable, Sendable {
    package static let fileName = "adapter_config.json"

    /// The sizes, and the modules as `targets` has them.
    package var lora: LoRAConfiguration
    /// The modules that get an adapter, but for those that are excluded.
    package let targets: ModuleSelection
    package var excluded: ModuleSelection?
    /// The numbers of the blocks that get adapters; empty for all.
    package var layers: [Int] = []
    package var ranks = ModuleValues<Int>()
    package var alphas = ModuleValues<Double>()
    /// Modules that are trained as they are, beside the adapters.
    package var savedModules: [String] = []
    /// Whether the tables of embeddings and output layer stay one where either is saved: PEFT's
    /// ensure_weight_tying. Else one that is saved leaves the other.
    package var tiesSavedTables = false
    package var bias = AdapterBias.none
    /// The directory of the model for which the adapter was made.
    package var basePath: String?
    /// Whether a classification head lies beside the adapter.
    package var hasHead: Bool

    package init(lora: LoRAConfiguration, basePath: String?, hasHead: Bool = false) {
        self.lora = lora
        targets = ModuleSelection(lora.targetModules)
        self.basePath = basePath
        self.hasHead = hasHead
    }

    /// - Parameter path: the file, for the error.
    package init(json: JSONValue, at path: String) throws(Failure) {
        let members = try JSONMembers(json, at: path)
        try members.checkAdapter()
        guard let targets = try members.selection("target_modules") else {
            throw members.failure(
                "target_modules", expected: "a list of names, or a regular expression")
        }
        self.targets = targets
        lora = try members.lora(targets)
        excluded = try members.selection("exclude_modules")
        layers = try members.layers()
        ranks = try members.values("rank_pattern", expected: "ranks above 0") { value in
            value.integer.flatMap { (1...1 << 16).contains($0) ? $0 : nil }
        }
        alphas = try members.values("alpha_pattern", expected: "numbers above 0") { value in
            value.double.flatMap { $0 > 0 ? $0 : nil }
        }
        bias = try members.bias()
        basePath = members["base_model_name_or_path"]?.string
        let heads = ["score", "classifier"]
        let kept = try members.names("modules_to_save")
        hasHead = kept.contains { heads.contains($0) }
        savedModules = kept.filter { !heads.contains($0) }
        tiesSavedTables = try members.flag("ensure_weight_tying")
    }

    package init(reading directory: String) throws(Failure) {
        let path = "\(directory)/\(Self.fileName)"
        try self.init(
            json: try JSONValue(parsing: try FileReader.bytes(of: path), at: path), at: path)
    }

    /// - Parameter model: for which the adapter was made.
    package func json(for model: DecoderConfiguration) throws -> JSONValue {
        let kept = savedModules + (hasHead ? ["score"] : [])
        var members: [String: JSONValue] = [
            "base_model_name_or_path": basePath.map(JSONValue.string) ?? .null,
            "bias": .string(bias.rawValue),
            "fan_in_fan_out": .boolean(model.weightLayout == .inputFirst),
            "inference_mode": .boolean(true), "init_lora_weights": .boolean(true),
            "lora_alpha": .number(lora.alpha), "lora_dropout": .float(lora.dropoutRate),
            "modules_to_save": kept.isEmpty ? .null : .array(kept.map(JSONValue.string)),
            "peft_type": .string("LORA"), "r": .integer(lora.rank),
            "target_modules": try targetsJSON(in: model),
            "task_type": .string(hasHead ? "SEQ_CLS" : "CAUSAL_LM"),
            "use_dora": .boolean(lora.decomposesWeights),
            "use_rslora": .boolean(lora.isRankStabilized),
        ]
        if let excluded { members["exclude_modules"] = excluded.json }
        // Older versions of PEFT do not know it.
        if tiesSavedTables { members["ensure_weight_tying"] = .boolean(true) }
        if !layers.isEmpty {
            members["layers_to_transform"] = .array(layers.map(JSONValue.integer))
        }
        guard !ranks.entries.isEmpty || !alphas.entries.isEmpty else { return .object(members) }
        let modules = try plan(for: model).adaptedModules
        members["rank_pattern"] = ranks.json(
            JSONValue.integer, otherwise: modules.map { ($0.module.name, $0.rank) })
        members["alpha_pattern"] = alphas.json(
            JSONValue.number, otherwise: modules.map { ($0.module.name, $0.alpha) })
        return .object(members)
    }

    /// PEFT's "all-linear" is a list of its own making: the names are written out.
    private func targetsJSON(in model: DecoderConfiguration) throws -> JSONValue {
        guard lora.targetModules.contains(LoRAConfiguration.allModules) else { return targets.json }
        let endings = try lora.modules(of: model).compactMap { $0.name.split(separator: ".").last }
        return .array(Set(endings.map(String.init)).sorted().map(JSONValue.string))
    }
}

/// The biases that are trained beside adapters, as PEFT calls them.
package enum AdapterBias: String, CaseIterable, Sendable {
    case none, all
    /// Those of the modules with an adapter.
    case adapted = "lora_only"
}

extension ModuleSelection {
    fileprivate var json: JSONValue {
        switch self {
        case .names(let names): .array(names.map(JSONValue.string))
        case .expression(let expression): .string(expression)
        }
    }
}

extension ModuleValues {
    /// The entries, of which the first that fits counts; the value of each module where the file, which
    /// sorts them, would put them into another order. Null without any.
    fileprivate func json(
        _ value: (Value) -> JSONValue, otherwise modules: [(name: String, value: Value)]
    ) -> JSONValue {
        guard !entries.isEmpty else { return .null }
        let patterns = entries.map(\.pattern)
        let isSorted = zip(patterns, patterns.dropFirst()).allSatisfy {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        let pairs = isSorted ? entries.map { ($0.pattern, $0.value) } : modules
        return .members(
            pairs.map { .init(key: Array($0.0.utf8), value: value($0.1)) })
    }
}
