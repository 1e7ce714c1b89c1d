import Diagnostics
import Training

/// Where the time of traced steps went, as a report shows it: a row for each rank, a column for each part.
struct ReportTimes {
    let summary: TraceSummary

    /// Ranks that a report shows, those that waited least first: the others waited for them.
    private static let mostRanks = 32

    var title: String { "Where the time of \(Quantity.count(summary.stepCount, "step")) went" }

    var heads: [String] { ["rank", "seconds"] + parts.map(\.rawValue) }

    var rows: [[String]] {
        let waiting = { (share: TraceSummary.Share) in share.seconds[.waiting] ?? 0 }
        let shown =
            summary.shares.count <= Self.mostRanks
            ? summary.shares
            : Array(summary.shares.sorted { waiting($0) < waiting($1) }.prefix(Self.mostRanks))
        return shown.map { share in
            ["\(share.rank) on \(share.host)", share.total.formattedTo(2)]
                + parts.map { part in
                    let seconds = share.seconds[part] ?? 0
                    return share.total > 0
                        ? "\((100 * seconds / share.total).formattedTo(1)) %" : ""
                }
        }
    }

    /// The parts of which any rank has some.
    private var parts: [TracePart] {
        TracePart.allCases.filter { part in
            summary.shares.contains { ($0.seconds[part] ?? 0) > 0 }
        }
    }
}
