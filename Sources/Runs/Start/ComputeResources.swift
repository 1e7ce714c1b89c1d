import Collectives
import Diagnostics
import Foundation
import Tensors

/// The resources with which each rank computes, agreed by all: the kernels, and the share of the
/// processors.
package struct ComputeResources {
    package var kernels: ComputeKernels
    /// How the kernels were chosen.
    package var choice: KernelChoice
    package let threadCount: Int
    package let warnings: [String]

    package init(
        kernels: ComputeKernels, choice: KernelChoice, threadCount: Int, warnings: [String]
    ) {
        self.kernels = kernels
        self.choice = choice
        self.threadCount = threadCount
        self.warnings = warnings
    }

    /// - Parameter threadsPerRank: nil shares the processors of a node among its ranks.
    /// - Throws: `AgreedFailure` when the kernels differ, since then the bits would.
    package static func agree(
        threadsPerRank: Int?, over communicator: any Communicator,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> ComputeResources {
        var kernels = ComputeKernels.prepare()
        let names = try communicator.allGather(ofAnySize: Array(kernels.description.utf8))
            .map { String(decoding: $0, as: UTF8.self) }
        if let other = names.first(where: { $0 != names[0] }) {
            throw AgreedFailure(
                Failure(
                    "the ranks compute with different kernels, which give different bits",
                    expected: names[0], got: other,
                    remedy: "use hosts with processors of one kind and the same libraries"),
                rank: 0, isEverywhere: true)
        }
        let hosts = try communicator.allGather(
            ofAnySize: Array(ProcessInfo.processInfo.hostName.utf8))
        let ranksHere = hosts.count { $0 == hosts[communicator.rank] }
        let share = max(1, ProcessorBinding.onlineCount / ranksHere)
        let threadCount = threadsPerRank ?? share
        let bindingFailure = bind(
            threadCount: threadCount, localRank: communicator.localRank, ranksHere: ranksHere)
        let choice = try KernelChoice.agree(kernels, over: communicator, environment: environment)
        kernels.products = choice.products
        return ComputeResources(
            kernels: kernels, choice: choice, threadCount: threadCount,
            warnings: Self.warnings(threadCount: threadCount, ranksHere: ranksHere)
                + [bindingFailure].compactMap { $0 })
    }

    package func makeDevice() -> Device {
        Device(threadCount: threadCount, products: kernels.products)
    }

    /// The resources with the kernels of the run that is resumed, where this processor has them;
    /// what the environment asks for stays.
    ///
    /// - Parameter description: names the kernels that computed the checkpoint.
    func taking(kernelsOf description: String?) -> ComputeResources {
        guard let description, choice.origin != .pinned, description != kernels.description,
            let own = kernels.possible.first(where: { $0.description == description })
        else { return self }
        var compute = self
        compute.kernels = own
        compute.choice = choice.taking(own.products)
        return compute
    }

    package func description(worldSize: Int) -> String {
        "\(worldSize) \(worldSize == 1 ? "rank" : "ranks") of \(threadCount) "
            + "\(threadCount == 1 ? "thread" : "threads"), \(kernels.description)"
    }

    /// A launcher that binds a rank to fewer processors than it has threads is overruled.
    ///
    /// - Returns: the reason of the system against it; nil where the threads have their processors.
    private static func bind(threadCount: Int, localRank: Int, ranksHere: Int) -> String? {
        let allowedCount = ProcessorBinding.allowedCount
        guard allowedCount < threadCount else { return nil }
        let online = ProcessorBinding.onlineCount
        let first = localRank * threadCount
        let fits = ranksHere * threadCount <= online
        guard !ProcessorBinding.bind(to: fits ? first..<first + threadCount : 0..<online) else {
            return nil
        }
        let reason = String(cString: strerror(errno))
        return "\(threadCount) threads take turns on \(allowedCount) of the processors, and the "
            + "system gives them no others (sched_setaffinity: \(reason))"
    }

    private static func warnings(threadCount: Int, ranksHere: Int) -> [String] {
        var warnings: [String] = []
        let online = ProcessorBinding.onlineCount
        if ranksHere * threadCount > online {
            warnings.append(
                "\(Quantity.count(ranksHere, "rank")) of \(Quantity.count(threadCount, "thread")) share \(Quantity.count(online, "processor")): "
                    + "they will wait for one another")
        }
        return warnings
    }
}
