import Collectives
import ModelFiles
import Models
import Tensors
import Training

extension TrainingPhase {
    /// Fills model and optimizer and gives all ranks the same bits: from a checkpoint each rank reads
    /// its part, what a run begins with comes from rank 0.
    package func load(
        _ setup: inout TrainerSetup, _ start: RunStart, _ recipe: Recipe
    ) throws -> TrainerState {
        let replica = setup.islands?.own ?? communicator
        let checkpoint = start.checkpoint.map { CheckpointReader($0, over: communicator) }
        if let checkpoint, setup.model.plan.lora == nil {
            try checkpoint.readWeights(
                into: setup.model, seed: setup.seed,
                sharedIn: setup.memory?.weights == nil ? nil : setup.memory?.shared,
                copies: setup.weightCopies())
        } else {
            let weights = InitialWeights(model: setup.model, seed: setup.seed)
            try communicator.agree {
                guard communicator.rank == 0 else { return }
                try weights.load(
                    from: recipe.initial.from, base: recipe.finetune.base,
                    adapters: start.checkpoint?.path)
            }
            if communicator.rank != 0 { setup.model.reserveQuantized() }
            for matrix in setup.model.parameters.quantizedMatrices {
                try communicator.broadcast(matrix.bytes, from: 0)
            }
            try setup.islands?.spreadToFirstRanks(setup.model.parameters.values.buffer)
            try setup.optimizer.spreadParameters(in: setup.memory, over: replica)
        }
        if setup.checkpointFiles.adapter != nil {
            setup.checkpointFiles.weightsMetadata = AdapterDirectory.metadata(
                baseHash: setup.model.baseHash, labels: setup.checkpointFiles.labels)
        }
        if recipe.training.multipliesBFloat16 {
            try setup.optimizer.keepBFloat16(in: setup.memory, over: replica)
        }
        try setup.beginOuterSteps(recipe.outer)
        guard let checkpoint, var state = start.state else {
            return TrainerState(
                laneCount: recipe.train.lanes ?? communicator.worldSize,
                kernels: compute.kernels.description)
        }
        try checkpoint.read(setup.optimizer.state)
        try setup.optimizer.goOn(after: state.updateCount, state.average, over: replica)
        state.kernels = compute.kernels.description
        state.laneCount = recipe.train.lanes ?? state.laneCount
        try setup.restoreIslands(&state)
        return state
    }
}
