/// What a thread of a rank does for a while, as a trace shows it.
package enum TraceKind: UInt8, CaseIterable, Sendable {
    /// A whole step, by its number.
    case step
    /// The training thread takes the batch of a step.
    case data
    /// The sums over the whole batch that an objective must know before its first loss.
    case foresight
    case forward, backward
    /// A block of the model, by its number.
    case forwardBlock, backwardBlock
    /// The gradients of a bucket, by its number, set out from this rank; it takes its slice of them, waits
    /// for those of others, and adds.
    case gradientsLeave, gradientsArrive, gradientsWait
    /// The sum of a bucket sets out for the ranks that do not own it.
    case sumsLeave, sumsArrive, sumsWait
    /// The updated weights of a bucket set out for the ranks that do not own them.
    case weightsLeave, weightsArrive, weightsWait
    /// A wait for memory that other ranks still read.
    case memoryWait
    /// A call that all ranks make, by its number.
    case collective
    /// What is left of the exchange of gradients after the backward pass.
    case exchange
    /// The global norm of the gradient, and the losses of all ranks.
    case norm
    case optimizer
    /// The outer step of islands.
    case outer
    case metrics, validation, tasks, samples, checkpoint
    /// A thread of the pool computes.
    case compute
    /// The batch of a step, by its number, is read ahead.
    case reading
    /// The stages of a checkpoint, by its step, beside the training.
    case writing, hashing, publishing

    /// The name that a trace shows, of an event with this number.
    package func title(_ number: Int) -> String {
        switch self {
        case .step: "step \(number)"
        case .data: "data"
        case .foresight: "foresight"
        case .forward: "forward"
        case .backward: "backward"
        case .forwardBlock: "forward of block \(number)"
        case .backwardBlock: "backward of block \(number)"
        case .gradientsLeave: "gradients of bucket \(number) leave"
        case .gradientsArrive: "gradients of bucket \(number) arrive"
        case .gradientsWait: "wait for the gradients of bucket \(number)"
        case .sumsLeave: "sum of bucket \(number) leaves"
        case .sumsArrive: "sum of bucket \(number) arrives"
        case .sumsWait: "wait for the sum of bucket \(number)"
        case .weightsLeave: "weights of bucket \(number) leave"
        case .weightsArrive: "weights of bucket \(number) arrive"
        case .weightsWait: "wait for the weights of bucket \(number)"
        case .memoryWait: "wait for the memory of bucket \(number)"
        case .collective: "wait for all ranks"
        case .exchange: "rest of the exchange"
        case .norm: "norm"
        case .optimizer: "optimizer"
        case .outer: "outer step"
        case .metrics: "metrics"
        case .validation: "validation"
        case .tasks: "tasks"
        case .samples: "samples"
        case .checkpoint: "checkpoint"
        case .compute: "compute"
        case .reading: "read the batch of step \(number)"
        case .writing: "write the checkpoint of step \(number)"
        case .hashing: "hash the checkpoint of step \(number)"
        case .publishing: "publish the checkpoint of step \(number)"
        }
    }
}

/// What the time of a rank goes into, coarser than the events of a trace.
package enum TracePart: String, CaseIterable, Sendable {
    case forward, backward, optimizer, exchange, waiting, data, checkpoint, validation, metrics
    case rest

    /// The part to which the time of an event counts that none inside it has.
    package init(_ kind: TraceKind) {
        self =
            switch kind {
            case .forward, .forwardBlock, .foresight, .compute: .forward
            case .backward, .backwardBlock: .backward
            case .optimizer: .optimizer
            case .gradientsLeave, .gradientsArrive, .sumsLeave, .sumsArrive, .weightsLeave,
                .weightsArrive, .exchange, .outer:
                .exchange
            case .gradientsWait, .sumsWait, .weightsWait, .memoryWait, .collective: .waiting
            case .data, .reading: .data
            case .checkpoint, .writing, .hashing, .publishing: .checkpoint
            case .validation, .tasks, .samples: .validation
            case .metrics: .metrics
            case .step, .norm: .rest
            }
    }
}
