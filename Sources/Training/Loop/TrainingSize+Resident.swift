import Collectives

extension TrainingSize {
    /// The most bytes that a rank of the first node has in memory: its own, and what it sees of the memory
    /// that the ranks of the node share: all weights, and its part of the gradients of each.
    package func residentBytes(_ needs: [TrainingNeed]) -> Int {
        let node = hosts.ranks[0]
        guard sharesMemory else { return node.map { needs[$0].total }.max() ?? 0 }
        let weights = node.map { needs[$0].weights }.max() ?? 0
        return node.map { rank in
            let others = node.filter { $0 != rank }
            let seen = others.reduce(0) { $0 + needs[$1].gradients / node.count }
            return needs[rank].total + seen + (isSharded ? weights - needs[rank].weights : 0)
        }.max() ?? 0
    }
}
