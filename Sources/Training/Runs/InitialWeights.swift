import ModelFiles
import Models
import Training

/// The weights with which a start of a run begins.
struct InitialWeights {
    let model: any LanguageModel
    let seed: UInt64

    /// - Parameters:
    ///   - directory: the model that the run goes on from; nil draws the weights.
    ///   - checkpoint: of the run, which has what changed since.
    func load(from directory: String?, checkpoint: String?) throws {
        guard model.plan.lora == nil else {
            try directory.map { try CheckpointReader.readWeights(of: model, from: $0) }
            model.initializeAdditions(seed: seed)
            try checkpoint.map { try AdapterDirectory(reading: $0).read(into: model) }
            return
        }
        model.initializeAdditions(seed: seed)
        if let directory = checkpoint ?? directory {
            try CheckpointReader.readWeights(of: model, from: directory)
        } else {
            model.initialize(seed: seed)
        }
    }
}
