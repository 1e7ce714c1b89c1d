import CKernels
import Collectives
import Diagnostics
import Foundation
import ModelFiles
import Tensors

/// Compares what several ranks or nodes hold a replica of, by the hashes of its bits: a flipped bit would
/// otherwise go into every checkpoint from then on.
package struct ReplicaCheck {
    let communicator: any Communicator
    /// The ranks that share a replica.
    let copies: HostMap
    /// The tensors that must have the same bits in all replicas.
    let tensors: [NamedTensor]
    let threads: ThreadPool

    package init(
        communicator: any Communicator, copies: HostMap, tensors: [NamedTensor],
        threads: ThreadPool
    ) {
        self.communicator = communicator
        self.copies = copies
        self.tensors = tensors
        self.threads = threads
    }

    /// Checks all that the ranks of one replica keep, before it is saved: each rank what its optimizer has written,
    /// and all ranks together what they hold replicas of. Collective.
    ///
    /// - Throws: `AgreedFailure` that names a tensor, and the ranks or the host.
    static func run(_ setup: TrainerSetup, step: Int) throws {
        let (optimizer, communicator) = (setup.optimizer, setup.replica)
        try communicator.agree { try optimizer.checkMemory() }
        let list = setup.model.parameters
        var tensors = list.named(list.values, of: list.trained)
        if !optimizer.state.isSharded {
            // What each rank has written, and has just found unchanged, is what all have written.
            if try optimizer.hasWrittenAlike(over: communicator) { return }
            tensors += optimizer.state.named
        }
        let isShared = setup.memory?.weights != nil
        try ReplicaCheck(
            communicator: communicator,
            copies: setup.memory.flatMap { isShared ? $0.shared.hosts : nil }
                ?? .apart(worldSize: communicator.worldSize),
            tensors: tensors, threads: list.device.threads
        ).run(step: step)
    }

    /// Compares the tensors of all replicas; of those that share one each hashes some. Collective.
    ///
    /// - Throws: `AgreedFailure` that names the first tensor that differs, and the ranks.
    package func run(step: Int) throws {
        guard copies.count > 1 else { return }
        let (place, count) = (
            copies.localRank(of: communicator.rank), copies.neighbours(of: communicator.rank).count
        )
        let own = tensors.indices.filter { $0 % count == place }
        let hashes = hashes(of: own)
        var (least, most) = (
            [Int64](repeating: .max, count: tensors.count),
            [Int64](repeating: .min, count: tensors.count)
        )
        for (index, hash) in zip(own, hashes) { (least[index], most[index]) = (hash, hash) }
        least = try communicator.allReduce(least, .minimum)
        most = try communicator.allReduce(most, .maximum)
        guard let index = tensors.indices.first(where: { least[$0] != most[$0] }) else { return }
        throw AgreedFailure(
            try difference(in: index, step: step), rank: 0, isEverywhere: true)
    }

    /// The hashes of tensors, which the threads share out.
    private func hashes(of indices: [Int]) -> [Int64] {
        var hashes = [Int64](repeating: 0, count: indices.count)
        hashes.withUnsafeMutableBufferPointer { hashes in
            let tensors = indices.map { self.tensors[$0].values }
            threads.forEach(indices.count) { number in
                let values = tensors[number]
                let hash = values.baseAddress.map { kernel_hash($0, values.count) } ?? 0
                hashes[number] = Int64(bitPattern: hash)
            }
        }
        return hashes
    }

    private func difference(in index: Int, step: Int) throws -> Failure {
        let all = try communicator.allGather(hashes(of: [index]))
        let hosts = try communicator.allGather(
            ofAnySize: Array(ProcessInfo.processInfo.hostName.utf8))
        let ranks = 0..<communicator.worldSize

        let counts = Dictionary(grouping: ranks) { all[$0] }
        // The most frequent bits are held for right; of equally frequent ones, those of rank 0.
        let most = counts.values.map(\.count).max() ?? 0
        let right = ranks.first { counts[all[$0]]?.count == most } ?? 0
        let wrong = ranks.filter { all[$0] != all[right] }
        let names = wrong.map { "\($0) on \(String(decoding: hosts[$0], as: UTF8.self))" }
        return Failure(
            "the replicas of the model differ",
            expected: "the bits of rank \(right) on every rank",
            got: "others on rank \(names.joined(separator: ", "))",
            at: "\(tensors[index].name), step \(step)",
            remedy: "this step was not saved: test the memory of the host, then go on from the "
                + "checkpoint before with --resume")
    }
}
