import Collectives
import Tensors

/// The optimizer of all ranks: what each keeps and updates (ZeRO stage 1, Rajbhandari et al., 2020) and
/// how the parameters come together. Every member but `completeParameters` is collective.
extension AdamW {
    /// Keeps this rank's share of the state, as `sharding` demands.
    ///
    /// - Parameters:
    ///   - sharding: settled.
    ///   - memory: where `parameters` may lie for all ranks of a node.
    package convenience init(
        _ options: OptimizerOptions, _ sharding: TrainOptions.OptimizerSharding,
        parameters: ParameterList, memory: TrainingMemory?, over communicator: any Communicator
    ) {
        precondition(sharding != .auto, "expected a settled way of sharding")
        guard sharding == .zero1 else {
            self.init(options, parameters: parameters)
            return
        }
        let buckets = GradientBuckets(of: parameters.layout, memory, over: communicator)
        let received = ReceivedParities(of: parameters)
        let gather = SliceGather(
            of: parameters.values.buffer, buckets, memory: memory?.shared, over: communicator
        ) { [weak parameters] in
            parameters?.roundValues(in: $0)
            received.keep($0)
        }
        self.init(
            options, parameters: parameters, buckets: buckets, rank: communicator.rank,
            gather: gather, received: received)
        parameters.beforeUse = { gather.complete($0.range) }
    }

    /// Updates the parameters on all ranks: each rank its slices, which then go to the others, bucket by
    /// bucket from the first that the next forward pass uses; each use of a parameter waits for it.
    ///
    /// No rank reads the parameters of before, or others' gradients: all have the norm of the gradients.
    ///
    /// - Parameter gradients: in the layout of the parameter list; where the state is sharded, this
    ///   rank's slices alone are read.
    func update(
        _ gradients: Tensor<Float>, learningRate: Double, gradientScale: Double,
        over communicator: any Communicator
    ) throws {
        guard let gather, let buckets = state.buckets else {
            return update(
                gradients, learningRate: learningRate, gradientScale: gradientScale)
        }
        try completeParameters()
        try update(gradients, learningRate: learningRate, gradientScale: gradientScale) {
            received?.check(buckets[$0].range)
            try gather.start(buckets[$0])
        }
    }

    /// Updates this rank's slice of one bucket, in an update that has begun, and starts it on its way to
    /// other ranks. No rank has use for its old values in the step that is under way.
    ///
    /// - Parameter gradients: nil leaves the slice as it is.
    func update(_ bucket: GradientBucket, with gradients: Tensor<Float>?) throws {
        if let gradients { updateSlice(bucket.index, with: gradients) }
        received?.check(bucket.range)
        try gather?.start(bucket)
    }

    /// Returns once this rank has the updated parameters of all others: before they are read without
    /// `ParameterList.value(of:)`, and before gradients travel.
    package func completeParameters() throws {
        try gather?.finish()
    }

    /// Gives all ranks the parameters of rank 0.
    package func spreadParameters(
        in memory: TrainingMemory?, over communicator: any Communicator
    ) throws {
        let values = UnsafeMutableRawBufferPointer(parameters.values.buffer)
        guard let memory, memory.weights != nil else {
            return try communicator.broadcast(values, from: 0)
        }
        let hosts = memory.shared.hosts
        if hosts.count > 1 {
            let isFirst = hosts.localRank(of: communicator.rank) == 0
            let firstOnes = try communicator.split(color: isFirst ? 0 : 1)
            if isFirst { try firstOnes.broadcast(values, from: 0) }
        }
        try memory.meet(over: communicator)
    }

    /// Makes the matrix products take bfloat16 from here on: rounded values that the ranks of a node
    /// share as they do the parameters.
    package func keepBFloat16(
        in memory: TrainingMemory?, over communicator: any Communicator
    ) throws {
        guard let memory, let rounded = memory.rounded else { return parameters.keepBFloat16() }
        let isFirst = memory.shared.hosts.localRank(of: communicator.rank) == 0
        parameters.keepBFloat16(in: Tensor(over: rounded), rounding: isFirst)
        try memory.meet(over: communicator)
    }
}
