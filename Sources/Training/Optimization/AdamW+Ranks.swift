import Collectives
import Tensors

/// The moments of all trained parameters, in the layout of the parameter list.
package struct Moments {
    package let first: Tensor<Float>
    package let second: Tensor<Float>

    package init(first: Tensor<Float>, second: Tensor<Float>) {
        self.first = first
        self.second = second
    }
}

/// The optimizer of all ranks: what each keeps (ZeRO stage 1, Rajbhandari et al., 2020) and how it comes
/// together. Every member is collective.
extension AdamW {
    /// Keeps this rank's share of the state, as `train` says.
    ///
    /// - Parameter memory: where `parameters` may stand for all ranks.
    package convenience init(
        _ options: OptimizerOptions, _ train: TrainOptions, parameters: ParameterList,
        memory: TrainingMemory?, over communicator: any Communicator
    ) {
        let buckets = GradientBuckets(
            parameterCount: parameters.layout.trainedCount, worldSize: communicator.worldSize)
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
        guard let buckets else {
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
        for slice in buckets.foreignSlices(to: communicator.rank) {
            parameters.roundValues(in: slice)
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

    /// All moments on rank 0, nil on the others; where nothing is sharded, without a copy.
    package func gatherMoments(over communicator: any Communicator) throws -> Moments? {
        let whole = momentsToFill(rank: communicator.rank)
        try move(whole, isGathering: true, over: communicator)
        return whole
    }

    /// Where rank 0 writes the moments that `takeMoments` spreads; nil on other ranks.
    package func momentsToFill(rank: Int) -> Moments? {
        guard rank == 0 else { return nil }
        guard buckets != nil else { return Moments(first: firstMoments, second: secondMoments) }
        let (device, count) = (parameters.device, parameters.layout.trainedCount)
        return Moments(first: device.zeros([count]), second: device.zeros([count]))
    }

    /// Gives every rank what it keeps of rank 0's `moments`, which `momentsToFill` has made.
    package func takeMoments(_ moments: Moments?, over communicator: any Communicator) throws {
        guard buckets == nil else {
            return try move(moments, isGathering: false, over: communicator)
        }
        for tensor in [firstMoments, secondMoments] {
            try communicator.broadcast(UnsafeMutableRawBufferPointer(tensor.buffer), from: 0)
        }
    }

    /// Copies the slices of all ranks to `whole` on rank 0, or back.
    private func move(
        _ whole: Moments?, isGathering: Bool, over communicator: any Communicator
    ) throws {
        let isSending = isGathering == (communicator.rank != 0)
        for bucket in buckets.map(Array.init) ?? [] {
            let own = ownMoments(of: bucket)
            var parts = own.map { (peer: 0, part: $0) }
            if let whole {
                for (own, place) in zip(own, whole.parts(bucket.slices[0])) {
                    _ = (isGathering ? place : own)
                        .update(fromContentsOf: isGathering ? own : place)
                }
                parts = communicator.peers.flatMap { peer in
                    whole.parts(bucket.slices[peer]).map { (peer: peer, part: $0) }
                }
            }
            parts.removeAll { $0.part.isEmpty }
            try communicator.exchange(
                sends: isSending
                    ? parts.map { MessageToSend(to: $0.peer, UnsafeRawBufferPointer($0.part)) }
                    : [],
                receives: isSending
                    ? []
                    : parts.map {
                        MessageToReceive(from: $0.peer, UnsafeMutableRawBufferPointer($0.part))
                    }
            ).wait()
        }
    }

    /// First and second moments of this rank's slice of `bucket`.
    private func ownMoments(of bucket: GradientBucket) -> [GradientBuffer] {
        let range = momentRange(ofSlice: bucket.index)
        return [firstMoments, secondMoments].map { GradientBuffer(rebasing: $0.buffer[range]) }
    }
}

extension Moments {
    fileprivate func parts(_ range: Range<Int>) -> [GradientBuffer] {
        [first, second].map { GradientBuffer(rebasing: $0.buffer[range]) }
    }
}
