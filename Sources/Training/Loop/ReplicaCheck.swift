import CKernels
import Collectives
import Diagnostics
import Foundation
import ModelFiles

/// Compares what every rank holds a replica of, by the hashes of its bits: a flipped bit would
/// otherwise go into every checkpoint from then on.
struct ReplicaCheck {
    let communicator: any Communicator
    /// The tensors that must have the same bits on all ranks.
    let tensors: [NamedTensor]

    /// Compares the tensors of all ranks; eight bytes of each rank travel while all is well.
    /// Collective.
    ///
    /// - Throws: `AgreedFailure` that names the first tensor that differs, and the ranks.
    func run(step: Int) throws {
        let hashes = tensors.map { tensor in
            tensor.values.baseAddress.map { kernel_hash($0, tensor.values.count) } ?? 0
        }
        var whole: UInt64 = 0
        for hash in hashes { whole = (whole ^ hash) &* 0x9e37_79b9_7f4a_7c15 }
        let all = try communicator.allGather([whole])
        guard all.contains(where: { $0 != all[0] }) else { return }
        throw AgreedFailure(
            try difference(between: hashes, step: step), rank: 0, isEverywhere: true)
    }

    private func difference(between hashes: [UInt64], step: Int) throws -> Failure {
        let all = try communicator.allGather(hashes)
        let hosts = try communicator.allGather(
            ofAnySize: Array(ProcessInfo.processInfo.hostName.utf8))
        func hash(_ index: Int, ofRank rank: Int) -> UInt64 { all[rank * hashes.count + index] }
        let ranks = 0..<communicator.worldSize
        let index = hashes.indices.first { index in
            ranks.contains { hash(index, ofRank: $0) != hash(index, ofRank: 0) }
        }
        guard let index else { return Failure("the hashes of the replicas collide") }

        let counts = Dictionary(grouping: ranks) { hash(index, ofRank: $0) }
        // The most frequent bits are held for right; of equally frequent ones, those of rank 0.
        let most = counts.values.map(\.count).max() ?? 0
        let right = ranks.first { counts[hash(index, ofRank: $0)]?.count == most } ?? 0
        let wrong = ranks.filter { hash(index, ofRank: $0) != hash(index, ofRank: right) }
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
