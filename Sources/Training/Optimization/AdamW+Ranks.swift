import Collectives
import Tensors

/// The optimizer of all ranks: what each keeps and updates (ZeRO stage 1, Rajbhandari et al., 2020) and
/// how the parameters come together. Every member is collective.
extension AdamW {
    /// Keeps this rank's share of the state, as `train` demands.
    ///
    /// - Parameter memory: where `parameters` may lie for all ranks.
    package convenience init(
        _ options: OptimizerOptions, _ train: TrainOptions, parameters: ParameterList,
        memory: TrainingMemory?, over communicator: any Communicator
    ) {
        let buckets = GradientBuckets(of: parameters.layout, memory, over: communicator)
        self.init(
            options, parameters: parameters,
            buckets: train.optimizerSharding == .zero1 ? buckets : nil, rank: communicator.rank,
            memory: memory?.weights == nil ? nil : memory?.shared)
    }

    /// Updates the parameters on all ranks: each rank its slices, which then go to the others, bucket
    /// by bucket.
    ///
    /// - Parameter gradients: in the layout of the parameter list; where the state is sharded, this
    ///   rank's slices alone are read.
    func update(
        _ gradients: Tensor<Float>, learningRate: Double, gradientScale: Double,
        over communicator: any Communicator
    ) throws {
        guard let buckets = state.buckets else {
            return update(
                gradients, learningRate: learningRate, gradientScale: gradientScale)
        }
        if let sharedMemory {
            // No rank still reads them: all have the norm, and so their gradients.
            update(gradients, learningRate: learningRate, gradientScale: gradientScale)
            try sharedMemory.synchronize()
            try communicator.barrier()
            try sharedMemory.synchronize()
        } else {
            let gather = SliceGather(of: parameters.values.buffer, over: communicator)
            try update(gradients, learningRate: learningRate, gradientScale: gradientScale) {
                try gather.start(buckets[$0])
            }
            try gather.finish()
        }
        for slice in buckets.flatMap(\.slices) where slice.owner != communicator.rank {
            parameters.roundValues(in: slice.range)
        }
    }

    /// Gives all ranks the parameters of rank 0.
    package func spreadParameters(over communicator: any Communicator) throws {
        if let sharedMemory {
            try sharedMemory.synchronize()
            try communicator.barrier()
            try sharedMemory.synchronize()
        } else {
            let values = UnsafeMutableRawBufferPointer(parameters.values.buffer)
            try communicator.broadcast(values, from: 0)
        }
    }
}
