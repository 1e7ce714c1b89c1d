import Diagnostics

/// For which ranks the others waited, and what those did meanwhile.
///
/// Where ranks need something of each other (a bucket, or a call that all make), one comes last. What
/// another had waited until then, it waited for that one.
struct WaitCauses {
    private let ranks: [TracedRank]
    private let stretches: [[TracedRank.Stretch]]
    /// By place in `ranks`: nanoseconds that others waited for it, and by what it did.
    private var waited: [Int64]
    private var doing: [[TracePart: Int64]]

    /// Where ranks meet, the same for all of them.
    private enum Meeting: Hashable {
        case travel(island: Int, BucketTravel.Place)
        case call(island: Int, Int)
    }

    /// What a rank does at a meeting.
    private struct Visit {
        let place: Int
        /// When the others had from it what they need.
        let arrival: Int64
        let waitStart: Int64
        let waitEnd: Int64
    }

    /// - Parameter stretches: those of each rank.
    init(_ ranks: [TracedRank], _ stretches: [[TracedRank.Stretch]]) {
        (self.ranks, self.stretches) = (ranks, stretches)
        waited = ranks.map { _ in 0 }
        doing = ranks.map { _ in [:] }
        for visits in meetings.values where visits.count > 1 { blame(visits) }
    }

    /// The rank for which the others waited longest; of equals the first. Nil where no two ranks met.
    var slowest: TraceSummary.Laggard? {
        guard let place = waited.indices.max(by: { waited[$0] < waited[$1] }), ranks.count > 1,
            waited[place] > 0
        else { return nil }
        let others = ranks.count { $0.island == ranks[place].island } - 1
        let total = Double(doing[place].values.reduce(0, +))
        return TraceSummary.Laggard(
            rank: ranks[place].rank, host: ranks[place].host,
            waitedSeconds: Double(waited[place]) / 1e9 / Double(max(1, others)),
            doing: total > 0 ? doing[place].mapValues { Double($0) / total } : [:])
    }

    private var meetings: [Meeting: [Visit]] {
        var meetings: [Meeting: [Visit]] = [:]
        for (place, rank) in ranks.enumerated() {
            for event in rank.training where event.kind == .collective {
                meetings[.call(island: rank.island, Int(event.number)), default: []].append(
                    Visit(
                        place: place, arrival: event.start, waitStart: event.start,
                        waitEnd: event.end))
            }
            for (travelled, travel) in BucketTravel.all(of: rank) {
                guard let waiting = travel.waiting else { continue }
                meetings[.travel(island: rank.island, travelled), default: []].append(
                    Visit(
                        place: place, arrival: travel.leaving.start, waitStart: waiting.start,
                        waitEnd: waiting.end))
            }
        }
        return meetings
    }

    private mutating func blame(_ visits: [Visit]) {
        guard let last = visits.max(by: { $0.arrival < $1.arrival }) else { return }
        for visit in visits where visit.place != last.place {
            // Whoever went on before the last one came did not wait for it, as the root of a broadcast.
            guard visit.waitEnd >= last.arrival, last.arrival > visit.waitStart else { continue }
            waited[last.place] += last.arrival - visit.waitStart
            for stretch in stretches[last.place].overlapping(visit.waitStart, last.arrival) {
                doing[last.place][stretch.part, default: 0] += stretch.end - stretch.start
            }
        }
    }
}

extension [TracedRank.Stretch] {
    /// The parts of the stretches, which are in order, between two times.
    fileprivate func overlapping(_ start: Int64, _ end: Int64) -> [TracedRank.Stretch] {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].end <= start { low = middle + 1 } else { high = middle }
        }
        return self[low...].prefix { $0.start < end }.map {
            TracedRank.Stretch(Swift.max($0.start, start), Swift.min($0.end, end), $0.part)
        }
    }
}
