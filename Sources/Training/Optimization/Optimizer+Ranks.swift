import Collectives
import Models
import Tensors

/// The optimizer of all ranks: what each keeps and updates (ZeRO stage 1, Rajbhandari et al., 2020) and
/// how the parameters come together. Every member but `completeParameters` is collective.
extension Optimizer {
    /// Keeps this rank's share of the state, as `sharding` demands.
    ///
    /// - Parameters:
    ///   - sharding: settled.
    ///   - hidden: the linear layers of blocks, which Muon needs.
    ///   - memory: where `parameters` may lie for all ranks of a node.
    package convenience init(
        _ options: OptimizerOptions, _ sharding: TrainOptions.OptimizerSharding,
        parameters: ParameterList, hidden: [LinearModule] = [], memory: TrainingMemory?,
        over communicator: any Communicator
    ) {
        precondition(sharding != .auto, "expected a settled way of sharding")
        let place = (communicator.rank, communicator.worldSize)
        guard sharding == .zero1 else {
            self.init(
                options, parameters: parameters, hidden: hidden, buckets: nil, place: place,
                gather: nil, received: nil)
            return
        }
        let buckets = GradientBuckets(of: parameters.layout, memory, over: communicator)
        let received = ReceivedParities(of: parameters)
        let gather = SliceGather(
            of: parameters.values.buffer, buckets, memory: memory?.shared, over: communicator,
            trace: parameters.device.trace?.training
        ) { [weak parameters] in
            parameters?.roundValues(in: $0)
            received.keep($0)
        }
        self.init(
            options, parameters: parameters, hidden: hidden, buckets: buckets, place: place,
            gather: gather, received: received)
        parameters.beforeUse = { gather.complete($0.range) }
    }

    /// Updates the parameters on all ranks: each rank its slices, which then go to the others, bucket by
    /// bucket from the first that the next forward pass uses; each use of a parameter waits for it.
    ///
    /// No rank reads the parameters of before, or others' gradients: all have the norm of the gradients.
    ///
    /// - Parameter gradients: in the layout of the parameter list; where the state is sharded, this
    ///   rank's slices alone are read. Those of matrices that are orthogonalised are not there afterwards.
    package func update(
        _ gradients: Tensor<Float>, learningRate: Double, gradientScale: Double,
        over communicator: any Communicator
    ) throws {
        try completeParameters()
        beginUpdate(learningRate: learningRate, gradientScale: gradientScale)
        try matrices?.orthogonalize(
            gradients, gradientScale: gradientScale, state, over: communicator)
        for index in 0..<sliceCount {
            updateSlice(index, with: gradients)
            guard let gather, let bucket = state.buckets?[index] else { continue }
            received?.check(bucket.range)
            try gather.start(bucket)
        }
        finishUpdate()
    }

    /// Updates this rank's slice of one bucket, in an update that has begun, and starts it on its way to
    /// other ranks. No rank has use for its old values in the step that is under way.
    ///
    /// - Parameter gradients: nil leaves the slice as it is.
    /// - Precondition: no matrix is to be orthogonalised, of which a bucket may have a part.
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
