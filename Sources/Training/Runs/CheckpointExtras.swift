import Collectives
import ModelFiles
import Models

/// The files that the checkpoints of a run have beside those of every run, and what each rank writes of
/// them.
package struct CheckpointExtras {
    /// A safetensors file, and the pieces of its tensors that this rank writes.
    struct File {
        let name: String
        let shapes: [(name: String, shape: [Int])]
        let pieces: [OptimizerState.Piece]
    }

    let files: [File]
    /// The ranks among which the optimizer's state is shared out; nil for all.
    var owners: (any Communicator)?
    /// What this rank writes of that state, where all write; nil for what it owns.
    var statePieces: [OptimizerState.Piece]?
}

extension CheckpointExtras {
    /// The value head of a policy, which the first rank writes; nil where a model has none.
    init?(valueHeadOf model: LanguageModel, isFirst: Bool) {
        guard let head = model.valueHead else { return nil }
        let values = GradientBuffer(rebasing: model.parameters.values.buffer[head.range])
        let piece = OptimizerState.Piece(index: 0, elements: 0..<head.count, values: values)
        self.init(files: [
            File(
                name: ValueHeadFile.name, shapes: ValueHeadFile.shapes(of: model),
                pieces: isFirst ? [piece] : [])
        ])
    }
}
