/// Finds the source, and the number within it, of each sequence of a mixture: a pure function of
/// (seed, step, sequence).
///
/// The sequences of a stage lie in blocks of 4096, the last of which may be shorter. In a block each
/// source has its share of slots by the method of largest remainders, and a keyed permutation sends the
/// sequences to the slots. So a source gives its windows one after the other, each once before any comes
/// again, whatever the step from which a run goes on.
package struct MixtureOrder: Equatable, Sendable {
    /// The sequences from one change of the weights to the next.
    struct Stage: Equatable, Sendable {
        var first: Int
        /// Nil for the last stage, which has no end.
        var count: Int?
        var weights: [Double]
        /// The slots of each source in a whole block.
        var quotas: [Int]
        /// How many sequences of each source came before.
        var taken: [Int]
    }

    static let blockSize = 4096

    private let stages: [Stage]
    private let seed: UInt64

    /// - Parameters:
    ///   - weights: those of each source from the first step on.
    ///   - stages: others, from a step on.
    package init(weights: [Double], stages: [DataStage], globalBatchSize: Int, seed: UInt64) {
        self.seed = seed
        let all = [DataStage(fromStep: 0, weights: weights)] + stages
        var (made, taken): ([Stage], [Int]) = ([], weights.map { _ in 0 })
        for (index, stage) in all.enumerated() {
            let first = stage.fromStep * globalBatchSize
            let next = index + 1 < all.count ? all[index + 1].fromStep * globalBatchSize : nil
            let entry = Stage(
                first: first, count: next.map { $0 - first }, weights: stage.weights,
                quotas: Self.quotas(Self.blockSize, stage.weights), taken: taken)
            made.append(entry)
            if let count = entry.count { taken = Self.taken(entry, count) }
        }
        self.stages = made
    }

    /// The source of a sequence, and how many sequences of it came before.
    package func place(step: Int, sequence: Int, globalBatchSize: Int) -> (source: Int, number: Int)
    {
        let number = step * globalBatchSize + sequence
        let index = stages.lastIndex { $0.first <= number } ?? 0
        let stage = stages[index]
        let (block, slot) = (number - stage.first).quotientAndRemainder(dividingBy: Self.blockSize)
        let size = stage.count.map { min(Self.blockSize, $0 - block * Self.blockSize) }
        let quotas =
            size.map { $0 < Self.blockSize ? Self.quotas($0, stage.weights) : stage.quotas }
            ?? stage.quotas
        let order = KeyedPermutation(
            count: size ?? Self.blockSize, seed: seed, epoch: block, part: index)
        var place = order[slot]
        var source = 0
        while place >= quotas[source] {
            place -= quotas[source]
            source += 1
        }
        return (source, stage.taken[source] + block * stage.quotas[source] + place)
    }

    /// How many sequences of each source the first steps take, up to whole blocks.
    package func taken(steps: Int, globalBatchSize: Int) -> [Int] {
        let count = steps * globalBatchSize
        let stage = stages.last { $0.first <= count } ?? stages[0]
        return Self.taken(stage, count - stage.first)
    }

    private static func taken(_ stage: Stage, _ count: Int) -> [Int] {
        let (blocks, rest) = count.quotientAndRemainder(dividingBy: blockSize)
        let last = quotas(rest, stage.weights)
        return stage.taken.indices.map {
            stage.taken[$0] + blocks * stage.quotas[$0] + last[$0]
        }
    }

    /// Shares of a number of slots by weights; the largest remainders round up, the first of equal ones.
    static func quotas(_ count: Int, _ weights: [Double]) -> [Int] {
        let total = weights.reduce(0, +)
        let exact = weights.map { $0 / total * Double(count) }
        var quotas = exact.map { Int($0) }
        let order = weights.indices.filter { weights[$0] > 0 }.sorted {
            let (left, right) = (exact[$0] - Double(quotas[$0]), exact[$1] - Double(quotas[$1]))
            return left == right ? $0 < $1 : left > right
        }
        for index in order.prefix(count - quotas.reduce(0, +)) { quotas[index] += 1 }
        return quotas
    }
}
