import Diagnostics
import Files
import JSON

/// Where the time of traced steps went: of each rank by parts, and for which rank the others waited.
package struct TraceSummary: Equatable, Sendable {
    /// The time of a rank.
    package struct Share: Equatable, Sendable {
        package var rank: Int
        package var host: String
        /// Seconds of each part that has any.
        package var seconds: [TracePart: Double]

        package var total: Double { seconds.values.reduce(0, +) }
    }

    /// A rank for which others waited.
    package struct Laggard: Equatable, Sendable {
        package var rank: Int
        package var host: String
        /// Seconds for which each of the others waited for it, on average.
        package var waitedSeconds: Double
        /// What it did meanwhile, as shares of 1.
        package var doing: [TracePart: Double]
    }

    package var stepCount: Int
    package var shares: [Share]
    /// The rank for which the others waited longest; nil where there is one rank, or one a group.
    package var slowest: Laggard?
    /// Nanoseconds by which times of different hosts may be wrong; 0 where all share a clock.
    package var clockError: Int64
    /// Events for which there was no room.
    package var lostCount = 0

    package init(
        stepCount: Int, shares: [Share], slowest: Laggard?, clockError: Int64, lostCount: Int = 0
    ) {
        (self.stepCount, self.shares, self.slowest) = (stepCount, shares, slowest)
        (self.clockError, self.lostCount) = (clockError, lostCount)
    }

    package init(_ ranks: [TracedRank], clockError: Int64, lostCount: Int) {
        stepCount = ranks.first?.training.count { $0.kind == .step } ?? 0
        let stretches = ranks.map(\.stretches)
        shares = zip(ranks, stretches).map { rank, stretches in
            Share(
                rank: rank.rank, host: rank.host,
                seconds: stretches.reduce(into: [:]) {
                    $0[$1.part, default: 0] += Double($1.end - $1.start) / 1e9
                })
        }
        slowest = WaitCauses(ranks, stretches).slowest
        (self.clockError, self.lostCount) = (clockError, lostCount)
    }
}

extension TraceSummary {
    /// The summary in sentences, for the log.
    package var text: String {
        var lines = shares.map { share in
            "rank \(share.rank) on \(share.host): \(Self.text(share.seconds, of: share.total))"
        }
        if let sentence { lines.append(sentence) }
        if clockError > 0 {
            lines.append(
                "times of different hosts are right to \((Double(clockError) / 1e6).formattedTo(3)) ms"
            )
        }
        if lostCount > 0 {
            lines.append(
                "\(Quantity.count(lostCount, "event")) had no room: trace fewer steps at once")
        }
        return "where the time of \(Quantity.count(stepCount, "step")) went\n  "
            + lines.joined(separator: "\n  ")
    }

    /// Which rank was the slowest; nil where none waits for another.
    package var sentence: String? {
        guard let slowest else { return nil }
        let longest = shares.map(\.total).max() ?? 0
        let share = longest > 0 ? 100 * slowest.waitedSeconds / longest : 0
        let doing =
            slowest.doing.isEmpty
            ? ""
            : ", which meanwhile was in "
                + Self.text(slowest.doing, of: 1)
        return "rank \(slowest.rank) on \(slowest.host) was the slowest: the others waited "
            + "\(slowest.waitedSeconds.formattedTo(3)) s for it (\(share.formattedTo(1)) %)\(doing)"
    }

    /// "backward 62 %, forward 30 %", the largest first, without what is below half a per cent.
    private static func text(_ parts: [TracePart: Double], of total: Double) -> String {
        parts.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
            .map { ($0.key, total > 0 ? (100 * $0.value / total).rounded() : 0) }
            .filter { $0.1 >= 1 }
            .map { "\($0.0.rawValue) \(Quantity.whole($0.1)) %" }.joined(separator: ", ")
    }
}

// As a file beside the trace.
extension TraceSummary {
    package static let fileName = "trace-summary.json"

    package var json: JSONValue {
        var members: [String: JSONValue] = [
            "steps": .integer(stepCount), "clock_error_nanoseconds": .integer(Int(clockError)),
            "lost_events": .integer(lostCount),
            "ranks": .array(
                shares.map { share in
                    .object([
                        "rank": .integer(share.rank), "host": .string(share.host),
                        "seconds": Self.json(share.seconds),
                    ])
                }),
        ]
        members["slowest"] = slowest.map { slowest in
            .object([
                "rank": .integer(slowest.rank), "host": .string(slowest.host),
                "waited_seconds": .number(slowest.waitedSeconds), "doing": Self.json(slowest.doing),
            ])
        }
        return .object(members)
    }

    /// Reads the summary that lies in a run; nil where it has none.
    ///
    /// - Throws: `Failure` where it cannot be read.
    package init?(ofRun run: String) throws {
        let path = "\(run)/\(Self.fileName)"
        guard try DirectoryEntries.isThere(path, followsLinks: true) else { return nil }
        let bytes = try FileReader.bytes(of: path, maximumSize: 1 << 24)
        let json = try JSONValue(parsing: bytes, at: path)
        guard let summary = TraceSummary(json) else {
            throw Failure(
                "this is no summary of a trace", expected: "an object with steps and ranks",
                got: "something else", at: path, remedy: "remove it, and trace again")
        }
        self = summary
    }

    /// Nil for what is no summary.
    package init?(_ json: JSONValue) {
        guard let steps = json["steps"]?.integer, let ranks = json["ranks"]?.array else {
            return nil
        }
        stepCount = steps
        clockError = Int64(clamping: json["clock_error_nanoseconds"]?.integer ?? 0)
        lostCount = json["lost_events"]?.integer ?? 0
        shares = ranks.map { rank in
            Share(
                rank: rank["rank"]?.integer ?? 0, host: rank["host"]?.string ?? "",
                seconds: Self.parts(rank["seconds"]))
        }
        slowest = json["slowest"].flatMap { slowest in
            guard let rank = slowest["rank"]?.integer,
                let waited = slowest["waited_seconds"]?.double
            else { return nil }
            return Laggard(
                rank: rank, host: slowest["host"]?.string ?? "", waitedSeconds: waited,
                doing: Self.parts(slowest["doing"]))
        }
    }

    private static func json(_ parts: [TracePart: Double]) -> JSONValue {
        .object(
            Dictionary(uniqueKeysWithValues: parts.map { ($0.key.rawValue, .number($0.value)) }))
    }

    private static func parts(_ json: JSONValue?) -> [TracePart: Double] {
        TracePart.allCases.reduce(into: [:]) { $0[$1] = json?[$1.rawValue]?.double }
    }
}
