import Diagnostics
import Tensors

/// A part of the time of a training step.
package enum StepPart: Equatable {
    case operation(OperationKind)
    /// The time for which the ranks wait: the rest of the exchange runs beside the backward pass.
    case exposedCommunication
    case data
    /// Everything else: the sum of the gradient's squares, the tape, the loop itself.
    case rest

    package static let measured: [StepPart] =
        OperationKind.allCases.map(StepPart.operation) + [.exposedCommunication, .data]

    package var key: String {
        switch self {
        case .operation(.matmul): "matmul"
        case .operation(.attention): "attention"
        case .operation(.elementwise): "elementwise"
        case .operation(.crossEntropy): "cross_entropy"
        case .operation(.optimizer): "optimizer"
        case .exposedCommunication: "communication_exposed"
        case .data: "data"
        case .rest: "rest"
        }
    }

    package var title: String {
        switch self {
        case .operation(.matmul): "matrix products"
        case .operation(.attention): "attention"
        case .operation(.elementwise): "element-wise (norms, activations, sums)"
        case .operation(.crossEntropy): "cross-entropy"
        case .operation(.optimizer): "optimizer"
        case .exposedCommunication: "communication, exposed"
        case .data: "data"
        case .rest: "rest"
        }
    }
}

/// Seconds of one step: in all, of each measured part, and of what went on beside them.
package struct StepTimes: Equatable {
    package var total: Double
    /// Seconds of each part, in the order of `StepPart.measured`.
    package var parts: [Double]
    /// Seconds of the exchange of gradients that ran beside the backward pass.
    package var hiddenCommunication: Double

    /// - Parameters:
    ///   - total: of the step, where it was not measured by `clock`.
    ///   - operations: those of the step alone.
    package init(
        _ clock: LapClock, total: Double? = nil, operations: OperationClock, worldSize: Int
    ) {
        func lap(_ name: String) -> Double { clock.seconds[name] ?? 0 }
        self.total = total ?? clock.total
        parts = StepPart.measured.map { part in
            switch part {
            case .operation(let kind): operations.seconds(kind)
            case .exposedCommunication:
                // A sharded optimizer gathers what it has updated.
                worldSize > 1
                    ? lap("reduce") + lap("outer")
                        + max(0, lap("update") - operations.seconds(.optimizer)) : 0
            case .data: lap("data")
            case .rest: 0
            }
        }
        hiddenCommunication = lap("reduce_hidden")
    }

    package init(total: Double, parts: [Double], hiddenCommunication: Double = 0) {
        self.total = total
        self.parts = parts
        self.hiddenCommunication = hiddenCommunication
    }

    /// The parts and what they leave of the total.
    package var shares: [(part: StepPart, seconds: Double)] {
        Array(zip(StepPart.measured, parts)) + [(.rest, total - parts.reduce(0, +))]
    }

    /// The parts in one line, the longest part first.
    var line: String {
        shares.filter { $0.seconds > 0 }.sorted { $0.seconds > $1.seconds }.map { share in
            "\(share.part.title) \(share.seconds.formattedTo(4)) s "
                + "(\((100 * share.seconds / total).formattedTo(1)) %)"
        }.joined(separator: ", ")
    }
}

extension Collection where Element == StepTimes {
    /// The step of the median total; of an even number the slower one in the middle.
    package var median: StepTimes {
        precondition(!isEmpty, "there is no median of no steps")
        return sorted { $0.total < $1.total }[count / 2]
    }
}
