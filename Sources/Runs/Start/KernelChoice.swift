import Collectives
import Diagnostics
import Tensors

/// The way of multiplying that the ranks took, and the reason.
package struct KernelChoice: Sendable {
    package enum Origin: String, Sendable {
        /// `SWIFT_LLM_KERNELS` made the choice.
        case pinned
        /// The ways were measured at this start.
        case measured
        /// The ways were measured at an earlier start, on this processor.
        case cache
        /// The run that is resumed made the choice.
        case checkpoint
        /// Nothing made the choice: the ranks could not agree.
        case usual
    }

    package let products: ProductKernels
    package let origin: Origin
    /// The times of the slowest rank; nil where nothing was measured.
    package let times: ProductTimes?
    /// The path at which the times are kept; nil where they are not.
    package let cachePath: String?

    package static let usual = KernelChoice(
        products: .usual, origin: .usual, times: nil, cachePath: nil)

    package static let variable = "SWIFT_LLM_KERNELS"
    /// The value that asks for what is taken where nothing is measured.
    private static let usualName = "default"

    /// The choice of all ranks: each measures, unless all have done so before, and that way is taken
    /// which has the smallest time on the slowest rank.
    ///
    /// - Throws: `AgreedFailure` of usage where the environment asks for what cannot be computed with, or
    ///   not for the same on all ranks.
    package static func agree(
        _ kernels: ComputeKernels, over communicator: any Communicator,
        environment: [String: String]
    ) throws -> KernelChoice {
        let pin = try communicator.agree { try pinned(environment) }
        let names = try communicator.allGather(ofAnySize: Array((pin?.name ?? "").utf8))
        try communicator.agree { try refuseDifferent(names) }
        if let pin {
            return KernelChoice(products: pin, origin: .pinned, times: nil, cachePath: nil)
        }
        let cache = KernelCache(environment: environment, kernels: kernels)
        let kept = cache.read()
        let isKept = try communicator.agreedMaximum(of: kept == nil ? 1 : 0) == 0
        let own = if isKept, let kept { kept } else { ProductTimes.measure() }
        let hasPlace = communicator.localRank == 0 && !isKept ? cache.write(own) : isKept
        let slowest = ProductTimes(flat: try communicator.allReduce(own.flat, .maximum))
        return KernelChoice(
            products: slowest.choice(insteadOf: kernels.products),
            origin: isKept ? .cache : .measured, times: slowest,
            cachePath: hasPlace ? cache.path : nil)
    }

    /// The way that the environment asks for; nil where it leaves the choice.
    package static func pinned(
        _ environment: [String: String],
        among possible: [ProductKernels] = ProductKernels.possible
    ) throws -> ProductKernels? {
        guard let name = environment[variable], !name.isEmpty else { return nil }
        if name == usualName { return .usual }
        if let products = possible.first(where: { $0.name == name }) { return products }
        let isKnown = ProductKernels.known.contains { $0.name == name }
        throw Failure(
            isKnown
                ? "this processor cannot compute with the kernels of \(variable)"
                : "\(variable) names no kernels",
            expected: "one of "
                + ([usualName] + possible.map(\.name)).joined(separator: ", "),
            got: "\"\(name)\"", remedy: "leave it out to have the fastest ones taken",
            kind: .usage)
    }

    private static func refuseDifferent(_ names: [[UInt8]]) throws {
        guard let index = names.firstIndex(where: { $0 != names[0] }) else { return }
        func told(_ name: [UInt8]) -> String {
            name.isEmpty ? "nothing" : String(decoding: name, as: UTF8.self)
        }
        throw Failure(
            "\(variable) is not the same on all ranks",
            expected: "\(told(names[0])), as on rank 0",
            got: "\(told(names[index])) on rank \(index)",
            remedy: "give it to all hosts: mpirun -x \(variable)", kind: .usage)
    }

    /// The choice with the same times, but the kernels of the run that is resumed.
    func taking(_ products: ProductKernels) -> KernelChoice {
        KernelChoice(
            products: products, origin: .checkpoint, times: times, cachePath: cachePath)
    }
}
