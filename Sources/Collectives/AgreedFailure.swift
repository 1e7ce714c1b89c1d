import Diagnostics

/// The failure of one or more ranks that all ranks know of: all of them throw the same.
package struct AgreedFailure: Error, Equatable {
    /// The failure of the lowest rank that failed.
    package var failure: Failure
    package var rank: Int
    /// Whether all ranks failed with the same line; then the rank is of no interest.
    package var isEverywhere: Bool

    package init(_ failure: Failure, rank: Int, isEverywhere: Bool) {
        self.failure = failure
        self.rank = rank
        self.isEverywhere = isEverywhere
    }

    /// Sums up the outcomes of all ranks, nil for success; nil where all succeeded.
    package init?(outcomes: [Failure?]) {
        guard let rank = outcomes.firstIndex(where: { $0 != nil }), let first = outcomes[rank]
        else { return nil }
        let isEverywhere = outcomes.allSatisfy { $0?.line == first.line }
        self.init(first, rank: rank, isEverywhere: isEverywhere)
    }
}

extension AgreedFailure: CustomStringConvertible {
    package var description: String {
        isEverywhere ? failure.line : "rank \(rank): \(failure.line)"
    }
}

extension Communicator {
    /// Runs `work` on every rank and returns each rank's own value if it succeeded on all;
    /// otherwise throws the same `AgreedFailure` on all.
    ///
    /// `work` calls no collective: a rank that fails would leave the others waiting in it.
    package func agree<Value>(_ work: () throws -> Value) throws -> Value {
        let outcome = Result(catching: work)
        var own: Failure?
        if case .failure(let error) = outcome { own = Failure(wrapping: error) }

        let failed = try agreedMaximum(of: own == nil ? 0 : 1)
        if failed != 0 {
            let outcomes = try allGather(ofAnySize: own?.encoded ?? []).map(Failure.init(encoded:))
            if let agreed = AgreedFailure(outcomes: outcomes) { throw agreed }
        }
        return try outcome.get()
    }
}
