/// The part of a node's processors on which one rank computes.
package struct ProcessorShare: Equatable, Sendable {
    package let cores: [ProcessorMap.Core]
    /// Ranks that compute on these cores, this one counted: more than one where there are fewer cores
    /// than ranks.
    package let rankCount: Int

    package init(cores: [ProcessorMap.Core], rankCount: Int = 1) {
        (self.cores, self.rankCount) = (cores, rankCount)
    }

    package var processors: ProcessorSet { ProcessorSet(cores.flatMap(\.processors)) }

    /// The processors of each thread. Each has a core of its own, else a hardware thread of its own; all
    /// have the whole share where it has fewer of them, or where other ranks compute on it too.
    package func places(threadCount: Int) -> [ProcessorSet] {
        let all = processors
        guard rankCount == 1 && threadCount <= all.count else {
            return Array(repeating: all, count: threadCount)
        }
        if threadCount <= cores.count {
            return cores.prefix(threadCount).map { ProcessorSet($0.processors) }
        }
        let most = cores.map(\.processors.count).max() ?? 0
        let inTurn = (0..<most).flatMap { turn in
            cores.compactMap { turn < $0.processors.count ? $0.processors[turn] : nil }
        }
        return inTurn.prefix(threadCount).map { ProcessorSet([$0]) }
    }
}

extension ProcessorMap {
    /// The shares of the ranks of one node.
    ///
    /// A rank with processors of its own keeps all of them, and no more. Ranks with the same ones share
    /// out their cores among themselves, neighbouring cores together, and no domain among more ranks than
    /// must be. Where that leaves a rank with fewer processors than threads, all of them take turns on
    /// all.
    ///
    /// - Parameters:
    ///   - inherited: the processors that each rank was granted.
    ///   - threadCount: what each rank asks for; nil where it takes what it gets.
    package func shares(
        of inherited: [ProcessorSet], threadCount: Int? = nil
    ) -> [ProcessorShare] {
        let groups = Dictionary(grouping: inherited.indices, by: { inherited[$0] })
        var shares = inherited.map { _ in ProcessorShare(cores: []) }
        for (set, ranks) in groups {
            let parts = parts(of: cores(of: set), count: ranks.count, threadCount ?? 1)
            for (rank, part) in zip(ranks, parts) { shares[rank] = part }
        }
        return shares
    }

    private func parts(
        of cores: [Core], count: Int, _ threadCount: Int
    ) -> [ProcessorShare] {
        let domains = Dictionary(grouping: cores, by: \.domain)
        let inDomain = count / max(1, domains.count)
        let isByDomain =
            inDomain * domains.count == count && domains.values.allSatisfy { $0.count >= inDomain }
        let parts =
            isByDomain
            ? cores.reduce(into: [Int]()) { if !$0.contains($1.domain) { $0.append($1.domain) } }
                .flatMap { Self.cut(domains[$0] ?? [], into: inDomain) }
            : Self.cut(cores, into: count)
        let shares = parts.map { ProcessorShare(cores: $0) }
        guard shares.allSatisfy({ $0.processors.count >= threadCount }) else {
            return Array(
                repeating: ProcessorShare(cores: cores, rankCount: count), count: count)
        }
        return shares
    }

    /// Runs of neighbours, as equal as can be.
    private static func cut(_ cores: [Core], into count: Int) -> [[Core]] {
        (0..<count).map { part in
            Array(cores[part * cores.count / count..<(part + 1) * cores.count / count])
        }
    }
}
