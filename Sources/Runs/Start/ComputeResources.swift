import Collectives
import Diagnostics
import Foundation
import Machine
import Tensors

/// The resources with which each rank computes, agreed by all: the kernels, and the share of the
/// processors.
package struct ComputeResources {
    package var kernels: ComputeKernels
    /// How the kernels were chosen.
    package var choice: KernelChoice
    package let threadCount: Int
    /// The processors of each thread; none where they are not chosen.
    private let places: [ProcessorSet]
    package let warnings: [String]

    package init(
        kernels: ComputeKernels, choice: KernelChoice, threadCount: Int,
        places: [ProcessorSet] = [], warnings: [String]
    ) {
        self.kernels = kernels
        self.choice = choice
        self.threadCount = threadCount
        self.places = places
        self.warnings = warnings
    }

    /// - Parameters:
    ///   - threadsPerRank: nil shares the processors of a node among its ranks.
    ///   - mayOversubscribe: whether a rank may have more threads than processors.
    /// - Throws: `AgreedFailure` when the kernels differ, since then the bits would, or when a rank has
    ///   too few processors.
    package static func agree(
        threadsPerRank: Int?, mayOversubscribe: Bool = false, over communicator: any Communicator,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> ComputeResources {
        var kernels = ComputeKernels.prepare()
        try requireEqual(kernels.libraries, over: communicator)
        let processors = try RankProcessors.agree(
            threadsPerRank: threadsPerRank, mayOversubscribe: mayOversubscribe,
            over: communicator, environment: environment)
        let choice = try KernelChoice.agree(kernels, over: communicator, environment: environment)
        kernels.products = choice.products
        return ComputeResources(
            kernels: kernels, choice: choice, threadCount: processors.threadCount,
            places: processors.places,
            warnings: processors.warnings
                + [tileWarning(processors.threadCount, kernels.products)].compactMap { $0 })
    }

    /// What is wrong where a rank has more threads than most products have tiles.
    private static func tileWarning(_ threadCount: Int, _ products: ProductKernels) -> String? {
        guard threadCount > Tiling.wantedCount && !products.cutsFinely else { return nil }
        return
            "\(threadCount) threads share the \(Tiling.wantedCount) tiles of most products: more ranks of "
            + "fewer threads are faster, or \(KernelChoice.variable)=\(products.name)-fine, which "
            + "has bits of its own"
    }

    /// Both libraries count, since the ranks have not yet chosen one.
    private static func requireEqual(
        _ libraries: String, over communicator: any Communicator
    ) throws {
        let names = try communicator.allGather(ofAnySize: Array(libraries.utf8))
            .map { String(decoding: $0, as: UTF8.self) }
        guard let index = names.firstIndex(where: { $0 != names[0] }) else { return }
        throw AgreedFailure(
            Failure(
                "the ranks compute with different kernels, which give different bits",
                expected: "\(names[0]), as on rank 0", got: "\(names[index]) on rank \(index)",
                remedy: "use hosts with processors of one kind, and the same libraries and build"),
            rank: 0, isEverywhere: true)
    }

    package func makeDevice() -> Device { makeDevice(isTraced: false) }

    /// - Parameter isTraced: whether what its threads do is recorded, once its trace is opened.
    func makeDevice(isTraced: Bool) -> Device {
        Device(
            threadCount: threadCount, places: places, products: kernels.products,
            isTraced: isTraced)
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
}
