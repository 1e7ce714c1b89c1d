import Diagnostics
import Machine

/// The processors of one node, and what its ranks want of them.
package struct NodeProcessors {
    package var map: ProcessorMap
    /// The processors that each rank of the node was granted.
    package var inherited: [ProcessorSet]
    /// Threads of each rank; nil where each takes the cores that it gets.
    package var threadsPerRank: Int?
    /// Whether a rank may have more threads than processors.
    package var mayOversubscribe = false
    /// Cores' worth of time that the container of the node grants.
    package var containerCores: Double?
    /// Whether a launcher chose the processors, and not the user or a batch system.
    package var isBoundByLauncher = false

    package init(map: ProcessorMap, inherited: [ProcessorSet]) {
        (self.map, self.inherited) = (map, inherited)
    }

    private var rankCount: Int { inherited.count }
    private var all: ProcessorSet { inherited.reduce(ProcessorSet([])) { $0.union($1) } }

    package var shares: [ProcessorShare] {
        map.shares(of: inherited, threadCount: threadsPerRank)
    }

    /// The threads of a rank of the node: those that are asked for, else a core each; as many as ranks
    /// with the same processors have, and no more than the container has time for.
    package func threadCount(of localRank: Int) -> Int {
        if let threadsPerRank { return threadsPerRank }
        let alike = inherited.indices.filter { inherited[$0] == inherited[localRank] }
        let shares = shares
        let least = alike.map { shares[$0].cores.count / shares[$0].rankCount }.min() ?? 1
        let granted = containerCores.map { Int($0) / rankCount } ?? least
        return max(1, min(least, granted))
    }

    /// Throws a `Failure` of usage where a rank has more threads than processors.
    package func requireProcessors(of localRank: Int) throws {
        let own = inherited[localRank]
        guard let threadsPerRank, threadsPerRank > own.count, !mayOversubscribe else { return }
        let processors = own.count == 1 ? "processor \(own)" : "processors \(own)"
        throw Failure(
            FailureText(
                "\(key: "train.threads_per_rank") is more than a rank has processors"),
            expected: "at most \(own.count), for a rank that may use \(processors)",
            got: "\(threadsPerRank)",
            remedy: FailureText(
                "lower it, start the ranks with more (mpirun --bind-to none, srun --cpus-per-task), "
            )
                + FailureText(
                    "or let the threads take turns: \(key: "train.oversubscribe")=true"),
            kind: .usage)
    }

    package var warnings: [String] { [crowd, idleness].compactMap { $0 } }

    /// What is wrong where the ranks have more threads together than processors.
    private var crowd: String? {
        let threads = inherited.indices.map(threadCount)
        let (total, own) = (threads.reduce(0, +), all.count)
        guard total > own, let first = threads.first else { return nil }
        return "\(Quantity.count(rankCount, "rank")) of \(Quantity.count(first, "thread")) share "
            + "\(Quantity.count(own, "processor")): they will wait for one another"
    }

    /// What is wrong where a launcher leaves processors to nobody.
    private var idleness: String? {
        let allowed = map.allowed
        let used = all.numbers.count(where: allowed.contains)
        guard isBoundByLauncher, threadsPerRank == nil, used < allowed.count else { return nil }
        return
            "mpirun keeps the \(Quantity.count(rankCount, "rank")) of this node to \(used) of its "
            + "\(Quantity.count(allowed.count, "processor")); --bind-to none gives "
            + "\(rankCount == 1 ? "it" : "them") all"
    }
}
