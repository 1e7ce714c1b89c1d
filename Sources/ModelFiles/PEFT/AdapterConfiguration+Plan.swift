import Diagnostics
import Models

extension AdapterConfiguration {
    /// The parameters that such an adapter adds to a model, and those that are trained beside it.
    ///
    /// - Throws: a usage `Failure` where a key chooses nothing in the model.
    package func plan(for model: DecoderConfiguration) throws -> ParameterPlan {
        ParameterPlan(lora: lora, try modules(of: model), training: try trainedTensors(of: model))
    }

    /// Throws a usage `Failure` where the adapter changes a table beside the blocks, which is folded into the
    /// weights where it is read.
    package func requireTrainable(in model: DecoderConfiguration) throws {
        guard try !TableAdapter.all(self, of: model).isEmpty else { return }
        throw Failure(
            "an adapter of embeddings or output layer is not trained",
            expected: "target_modules in the blocks", got: targets.texts.joined(separator: ", "),
            remedy: "name them as modules_to_save, or merge the adapter into its base first",
            kind: .usage)
    }

    private func modules(of model: DecoderConfiguration) throws -> [AdaptedModule] {
        let chosen = try chosenModules(of: model).filter { module in
            let isExcluded = try excluded?.contains(module.name, "exclude_modules") ?? false
            return !isExcluded && (layers.isEmpty || module.layer.map(layers.contains) ?? false)
        }
        guard !chosen.isEmpty else {
            throw Failure(
                "the adapter has no module in the model",
                expected: "names such as \(model.linearModules[0].name)",
                got: targets.texts.joined(separator: ", "), remedy: "change target_modules",
                kind: .usage)
        }
        return try chosen.map { module in
            AdaptedModule(
                module, rank: try ranks.value(of: module.name, "rank_pattern") ?? lora.rank,
                alpha: try alphas.value(of: module.name, "alpha_pattern") ?? lora.alpha)
        }
    }

    private func chosenModules(of model: DecoderConfiguration) throws -> [LinearModule] {
        let all = model.linearModules
        guard case .names = targets else {
            return try all.filter { try targets.contains($0.name, "target_modules") }
        }
        // Tables beside the blocks are folded into the weights; see ``TableAdapter``.
        let tables = try TableAdapter.all(self, of: model).map(\.module)
        var lora = lora
        lora.targetModules = lora.targetModules.filter { target in
            !tables.contains { $0 == target || $0.hasSuffix("." + target) }
        }
        return lora.targetModules.isEmpty ? [] : try lora.modules(of: model)
    }

    // MARK: Beside the adapters

    /// The tensors of the architecture that are trained as they are.
    private func trainedTensors(of model: DecoderConfiguration) throws -> Set<String> {
        let names = model.tensorShapes.map(\.name)
        let (output, embeddings) = (Self.output(of: model), Self.embeddings(of: model))
        // The output layer is the table of embeddings where they stay tied.
        let isShared = model.isTied && tiesSavedTables && saves(output)
        let saved = names.filter { name in
            saves(Self.module(of: name)) || isShared && Self.module(of: name) == embeddings
        }
        try requireSaved(saved + (isShared ? [output + ".weight"] : []), names)
        return Set(saved).union(try biases(of: model, names))
    }

    /// Throws where a name of `savedModules` chooses nothing.
    private func requireSaved(_ saved: [String], _ names: [String]) throws {
        let useless = savedModules.first { module in
            !saved.contains { Self.module(of: $0).hasSuffix(module) }
        }
        guard let useless else { return }
        throw Failure(
            "modules_to_save names nothing in the model",
            expected: "the end of a name such as \(Self.module(of: names[0]))", got: useless,
            remedy: "change modules_to_save", kind: .usage)
    }

    private func biases(of model: DecoderConfiguration, _ names: [String]) throws -> [String] {
        let biases = names.filter { $0.hasSuffix(".bias") }
        switch bias {
        case .none: return []
        case .all: return biases
        case .adapted:
            let modules = Set(try modules(of: model).map(\.module.name))
            return biases.filter { modules.contains(Self.module(of: $0)) }
        }
    }

    static func output(of model: DecoderConfiguration) -> String { model.architecture.names.output }

    static func embeddings(of model: DecoderConfiguration) -> String {
        model.architecture.names.name(of: .tokenEmbedding)
    }

    private static func module(of tensor: String) -> String {
        String(tensor.prefix(upTo: tensor.lastIndex(of: ".") ?? tensor.endIndex))
    }
}

extension LinearModule {
    /// The number of the block, the first in the name.
    fileprivate var layer: Int? { name.split(separator: ".").lazy.compactMap { Int($0) }.first }
}
