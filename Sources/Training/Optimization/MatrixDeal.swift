import Collectives

/// Which rank orthogonalises which matrix, and what travels for it: the work of a matrix falls to one rank,
/// which gets the parts that others have of what is to be orthogonalised, and gives back the parts that
/// they update.
struct MatrixDeal: Equatable, Sendable {
    /// A part of the flat vector, and the rank that has it.
    struct Share: Equatable, Sendable {
        let owner: Int
        let range: Range<Int>
    }

    /// A matrix and the rank to which it falls.
    struct Duty: Equatable, Sendable {
        let matrix: HiddenMatrix
        let owner: Int
        /// The parts from which it comes together, by the ranks that have them.
        let sources: [Share]
        /// The parts that go back, by the ranks that update them.
        let results: [Share]
    }

    /// The matrices, at most one of each rank in a round, the largest first.
    let rounds: [[Duty]]

    /// Deals each matrix to the rank that has the least to do so far, the largest first.
    ///
    /// - Parameter buckets: of whose slices each rank has the gradients, and updates the weights; nil where
    ///   every rank has and updates all.
    init(_ matrices: [HiddenMatrix], buckets: GradientBuckets?, worldSize: Int) {
        let order = matrices.indices.sorted {
            (-matrices[$0].cost, $0) < (-matrices[$1].cost, $1)
        }
        var costs = Array(repeating: 0, count: worldSize)
        var duties: [[Duty]] = Array(repeating: [], count: worldSize)
        for matrix in order.map({ matrices[$0] }) {
            let owner = costs.indices.min { (costs[$0], $0) < (costs[$1], $1) } ?? 0
            costs[owner] += matrix.cost
            let slices = buckets?.slices(of: matrix.range)
            duties[owner].append(
                Duty(
                    matrix: matrix, owner: owner,
                    sources: slices ?? [Share(owner: owner, range: matrix.range)],
                    results: slices
                        ?? (0..<worldSize).map { Share(owner: $0, range: matrix.range) }))
        }
        let count = duties.map(\.count).max() ?? 0
        rounds = (0..<count).map { round in
            duties.filter { round < $0.count }.map { $0[round] }
        }
    }

    /// The elements that some ranks send to others in an update, and those that come to them.
    func traffic(of ranks: Set<Int>) -> (sent: Int, received: Int) {
        var (sent, received) = (0, 0)
        for duty in rounds.joined() {
            let isHere = ranks.contains(duty.owner)
            for part in duty.sources where ranks.contains(part.owner) != isHere {
                if isHere { received += part.range.count } else { sent += part.range.count }
            }
            for part in duty.results where ranks.contains(part.owner) != isHere {
                if isHere { sent += part.range.count } else { received += part.range.count }
            }
        }
        return (sent, received)
    }

    /// Floats that a rank takes for its matrices, two of which may be under way, and for their work.
    func workCount(ofRank rank: Int) -> Int {
        let own = rounds.joined().filter { $0.owner == rank }.map(\.matrix)
        return 2 * (own.map(\.range.count).max() ?? 0) + (own.map(\.workCount).max() ?? 0)
    }
}

extension GradientBuckets {
    /// The parts of slices that lie within `range`, in ascending order.
    fileprivate func slices(of range: Range<Int>) -> [MatrixDeal.Share] {
        filter { $0.range.overlaps(range) }.flatMap(\.slices).compactMap { slice in
            let own = slice.range.clamped(to: range)
            return own.isEmpty ? nil : MatrixDeal.Share(owner: slice.owner, range: own)
        }
    }
}
