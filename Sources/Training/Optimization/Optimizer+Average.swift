import CKernels
import Collectives
import Tensors

/// Schedule-Free AdamW computes gradients at one point, y, and evaluates and saves another, the average x.
extension Optimizer {
    private static let (iterates, averages) = (0, 2)

    /// Whether what is evaluated and saved is an average of the weights.
    package var isAveraging: Bool { options.kind == .scheduleFree }

    /// Makes the state of a run that begins: x and z from the weights. Ranks that share weights have all of
    /// them.
    func begin() {
        guard !hasBegun else { return }
        hasBegun = true
        guard isAveraging else { return }
        for list in [Self.iterates, Self.averages] {
            forEachChunk(list) { $1.update(from: $0, count: $2) }
        }
    }

    /// Goes on after updates whose state has been read; the weights are those of a checkpoint.
    ///
    /// Collective.
    package func goOn(
        after count: Int, _ weights: AverageWeights?, over communicator: any Communicator
    ) throws {
        updateCount = count
        averageWeights = weights ?? AverageWeights()
        hasBegun = true
        guard isAveraging else { return }
        forEachChunk(Self.averages) { $1.update(from: $0, count: $2) }
        try writeAll(over: communicator) { [options] in self.writePoint(Float(options.beta1)) }
    }

    /// Runs `body` on the weights that are evaluated and saved: with Schedule-Free AdamW the average, in
    /// the place of those that are trained, which come back with the same bits.
    ///
    /// Collective.
    package func onAverage<Value>(
        over communicator: any Communicator, _ body: () throws -> Value
    ) throws -> Value {
        guard isAveraging else { return try body() }
        try completeParameters()
        begin()
        try writeAll(over: communicator) {
            self.forEachChunk(Self.averages) { $0.update(from: $1, count: $2) }
        }
        let result = try body()
        try writeAll(over: communicator) { [options] in self.writePoint(Float(options.beta1)) }
        return result
    }

    /// y = (1 - beta1) z + beta1 x.
    private func writePoint(_ beta1: Float) {
        let averages = state.lists[Self.averages]
        forEachChunk(Self.iterates) { weights, iterates, count in
            let offset = iterates - self.state.lists[Self.iterates].pointer
            kernel_schedule_free_point(
                weights, iterates, averages.pointer + offset, count, beta1)
        }
    }

    /// Lets each rank write the weights of its slices, and brings them to all.
    private func writeAll(
        over communicator: any Communicator, _ write: () -> Void
    ) throws {
        // Others of the node may yet be reading them.
        if gather != nil { try communicator.barrier() }
        write()
        for slice in state.slices { parameters.roundValues(in: slice) }
        guard let gather, let buckets = state.buckets else { return }
        for bucket in buckets {
            received?.check(bucket.range)
            try gather.start(bucket)
        }
        try completeParameters()
    }

    /// Runs `body` on chunks of this rank's weights, and of a list of the state at the same places.
    private func forEachChunk(
        _ list: Int,
        _ body: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
    ) {
        let (values, numbers) = (parameters.values, state.lists[list])
        for slice in state.slices where !slice.isEmpty {
            let start = state.places[list].position(of: slice.lowerBound)
            parameters.device.forEachChunk(of: slice.count, as: .optimizer) { chunk in
                body(
                    values.pointer + slice.lowerBound + chunk.lowerBound,
                    numbers.pointer + start + chunk.lowerBound, chunk.count)
            }
        }
    }
}
