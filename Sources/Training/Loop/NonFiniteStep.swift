import CKernels
import Collectives
import Datasets
import Tensors

/// Reports where a step without a finite loss or gradient went wrong.
struct NonFiniteStep {
    let gradient: BatchGradient
    /// The number of the step, from 0.
    let step: Int
    let source: any BatchSource
    let parameters: ParameterList

    private static let largestList = 4

    /// A description of the step, the same text on all ranks. Collective.
    func description(over communicator: any Communicator) throws -> String {
        let trained = parameters.trained
        let found =
            gradient.update.map(\.firstNonFinite) ?? trained.firstIndex { !isFinite($0) }
        let own = found ?? .max
        let first = try communicator.allReduce([Int64(own)], .minimum)[0]
        let name = first == .max ? "none" : trained[Int(first)].name
        return "loss \(gradient.loss), gradient norm \(gradient.norm), first bad gradient \(name), "
            + batch
    }

    /// The sequences whose loss is not finite, or all of the batch, and what they are made of.
    private var batch: String {
        let first = gradient.sequences.lowerBound
        let laneSize = gradient.sequences.count / gradient.laneLosses.count
        let bad = gradient.laneLosses.indices.filter { !gradient.laneLosses[$0].isFinite }
        let sequences =
            bad.isEmpty
            ? Array(gradient.sequences)
            : bad.flatMap { first + $0 * laneSize..<first + ($0 + 1) * laneSize }
        let named = sequences.prefix(Self.largestList).map { sequence in
            "\(sequence) (\(source.place(step: step, sequence: sequence)))"
        }
        return "batch sequences " + named.joined(separator: ", ")
            + (sequences.count > named.count ? " and \(sequences.count - named.count) more" : "")
    }

    /// Squares of finite floats do not overflow in double.
    private func isFinite(_ parameter: Parameter) -> Bool {
        let values = gradient.values.view(
            from: parameter.range.lowerBound, shape: parameter.shape)
        return kernel_sum_of_squares(values.pointer, values.count).isFinite
    }
}
