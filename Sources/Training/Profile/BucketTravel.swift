import Diagnostics

/// The way of a bucket between ranks, as one of them saw it.
struct BucketTravel {
    /// What travels.
    enum Load: Int, CaseIterable {
        case gradients, sums, weights

        var title: String {
            switch self {
            case .gradients: "gradients"
            case .sums: "sum"
            case .weights: "weights"
            }
        }

        /// What a trace has at its beginning and at its end.
        init?(leaving kind: TraceKind) {
            switch kind {
            case .gradientsLeave: self = .gradients
            case .sumsLeave: self = .sums
            case .weightsLeave: self = .weights
            default: return nil
            }
        }

        init?(awaitedIn kind: TraceKind) {
            switch kind {
            case .gradientsWait: self = .gradients
            case .sumsWait: self = .sums
            case .weightsWait: self = .weights
            default: return nil
            }
        }
    }

    /// The same for all ranks.
    struct Place: Hashable {
        let load: Load
        let bucket: Int
        /// How often the bucket had travelled before.
        let turn: Int
    }

    /// Where the rank's part set out.
    let leaving: TraceEvent
    /// The wait for what the others have; nil where the trace ends before.
    var waiting: TraceEvent?

    /// The travels of a rank. A bucket waits for its own return before it sets out again.
    static func all(of rank: TracedRank) -> [Place: BucketTravel] {
        var travels: [Place: BucketTravel] = [:]
        var turns: [Place: Int] = [:]
        for event in rank.training {
            guard let kind = event.kind else { continue }
            let bucket = Int(event.number)
            if let load = Load(leaving: kind) {
                let turn = turns[Place(load: load, bucket: bucket, turn: 0), default: 0]
                turns[Place(load: load, bucket: bucket, turn: 0)] = turn + 1
                travels[Place(load: load, bucket: bucket, turn: turn)] = BucketTravel(
                    leaving: event)
            } else if let load = Load(awaitedIn: kind) {
                let turn = turns[Place(load: load, bucket: bucket, turn: 0), default: 0]
                travels[Place(load: load, bucket: bucket, turn: turn - 1)]?.waiting = event
            }
        }
        return travels
    }
}
