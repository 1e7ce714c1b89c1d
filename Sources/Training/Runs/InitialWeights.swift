import ModelFiles
import Models

/// The weights with which a start of a run begins.
package struct InitialWeights {
    package let model: LanguageModel
    package let seed: UInt64

    package init(model: LanguageModel, seed: UInt64) {
        (self.model, self.seed) = (model, seed)
    }

    /// - Parameters:
    ///   - directory: the model, or the adapter, that the run goes on from; nil draws the weights.
    ///   - base: the model of an adapter, where it has moved.
    ///   - checkpoint: of a run that trains adapters, which alone are in it.
    package func load(
        from directory: String?, base: String? = nil, adapters checkpoint: String?
    ) throws {
        guard model.plan.lora == nil else {
            let adapter = try directory.flatMap { path in
                try AdapterDirectory.exists(at: path) ? AdapterDirectory(reading: path) : nil
            }
            let held = HeldWeights(model.plan.quantization)
            try (adapter?.basePath(base) ?? directory).map {
                let files = try StoredModelFormat.open($0).fitted(to: model.configuration)
                try model.readWeights(of: held.held(files))
            }
            model.initializeAdditions(seed: seed)
            let own = try checkpoint.map { try AdapterDirectory(reading: $0) } ?? adapter
            try own?.read(into: model)
            try readValueHead(checkpoint, from: directory)
            return
        }
        model.initializeAdditions(seed: seed)
        if let directory {
            try model.readWeights(
                of: StoredModelFormat.open(directory).fitted(to: model.configuration))
        } else {
            model.initialize(seed: seed)
        }
        try readValueHead(nil, from: directory)
    }

    /// The head of a checkpoint, which has one, else that which may lie beside the model.
    private func readValueHead(_ checkpoint: String?, from directory: String?) throws {
        if let checkpoint { return try model.readValueHead(from: checkpoint) }
        guard let directory, try LanguageModel.hasValueHead(in: directory) else { return }
        try model.readValueHead(from: directory)
    }
}
