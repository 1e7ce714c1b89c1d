import Collectives
import Diagnostics
import Foundation
import Machine

/// The processors on which this rank computes, agreed with the other ranks of its node.
///
/// What a launcher, a control group or the user granted a rank is all that it uses.
struct RankProcessors {
    let threadCount: Int
    /// The processors of each thread; none where the system does not let them be chosen.
    let places: [ProcessorSet]
    let warnings: [String]

    /// - Throws: `AgreedFailure` of usage where a rank has more threads than processors.
    static func agree(
        threadsPerRank: Int?, mayOversubscribe: Bool, over communicator: any Communicator,
        environment: [String: String]
    ) throws -> RankProcessors {
        let inherited = try communicator.allGather(ofAnySize: bytes(of: .inherited))
            .map(set(of:))
        let neighbours = communicator.hosts.neighbours(of: communicator.rank)
        var node = NodeProcessors(
            map: .ofMachine, inherited: neighbours.map { inherited[$0] })
        node.threadsPerRank = threadsPerRank
        node.mayOversubscribe = mayOversubscribe
        node.containerCores = SystemFile.containerCores
        node.isBoundByLauncher =
            environment["OMPI_COMM_WORLD_SIZE"] != nil && environment["SLURM_JOB_ID"] == nil
        let localRank = communicator.localRank
        try communicator.agree { try node.requireProcessors(of: localRank) }

        let share = node.shares[localRank]
        let threadCount = node.threadCount(of: localRank)
        let places = share.places(threadCount: threadCount)
        let refusal = bind(to: share, places)
        return RankProcessors(
            threadCount: threadCount, places: refusal == nil ? places : [],
            warnings: try warningsOfAll(
                node.warnings + [refusal].compactMap { $0 }, over: communicator))
    }

    /// Keeps the calling thread, and so those that it starts, to the share, and tries the places of the
    /// threads that compute.
    ///
    /// - Returns: what the system has against it; nil where it was done.
    private static func bind(to share: ProcessorShare, _ places: [ProcessorSet]) -> String? {
        let own = share.processors
        let before = ProcessorSet.ofCallingThread
        let wanted =
            (Set(places).subtracting([own]).sorted { $0.numbers[0] < $1.numbers[0] }) + [own]
        for place in wanted where wanted.count > 1 || place != before {
            guard let reason = place.bindThread() else { continue }
            _ = before.bindThread()
            return "the threads are not kept to processors of their own: the system refuses "
                + "\(place) (sched_setaffinity: \(reason))"
        }
        return nil
    }

    /// The warnings of all ranks, each once, with the lowest rank that has it.
    private static func warningsOfAll(
        _ own: [String], over communicator: any Communicator
    ) throws -> [String] {
        let all = try communicator.allGather(ofAnySize: Array(own.joined(separator: "\n").utf8))
            .map { String(decoding: $0, as: UTF8.self).split(separator: "\n").map(String.init) }
        var seen: Set<String> = []
        return all.enumerated().flatMap { rank, warnings in
            warnings.filter { seen.insert($0).inserted }
                .map { rank == 0 ? $0 : "rank \(rank): \($0)" }
        }
    }

    private static func bytes(of set: ProcessorSet) -> [UInt8] {
        set.words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    }

    private static func set(of bytes: [UInt8]) -> ProcessorSet {
        ProcessorSet(
            words: stride(from: 0, to: bytes.count, by: 8).map { start in
                (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << (8 * $1) }
            })
    }
}
