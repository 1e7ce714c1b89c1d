import Collectives

extension Communicator {
    /// As `agree`; where all ranks are on one host the failure of one is told as that of all, since it
    /// does not matter which of them did the work.
    package func agreeEverywhere<Value>(_ work: () throws -> Value) throws -> Value {
        do {
            return try agree(work)
        } catch var failure as AgreedFailure {
            failure.isEverywhere = failure.isEverywhere || hosts.count == 1
            throw failure
        }
    }

    /// The values that the first rank finds, on all ranks. Collective.
    package func fromFirstRank<Value: BitwiseCopyable>(
        _ work: () throws -> [Value]
    ) throws -> [Value] {
        let own = try agreeEverywhere { rank == 0 ? try work() : [] }
        return try broadcast(own, from: 0)
    }

    /// Whether something holds, as the first rank sees it. Collective.
    package func firstRankFinds(_ isTrue: () throws -> Bool) throws -> Bool {
        try fromFirstRank { [try isTrue()] }[0]
    }
}
