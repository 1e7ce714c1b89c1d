import Collectives

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
    /// The ranks among which the optimizer's state is shared out.
    let owners: any Communicator
    /// What this rank writes of that state, where all write.
    let statePieces: [OptimizerState.Piece]
}
