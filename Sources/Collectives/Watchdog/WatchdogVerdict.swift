import Diagnostics

/// What the watchdog of rank 0 knows of all ranks, and whom it holds responsible.
package struct WatchdogVerdict {
    /// One rank as last heard.
    package struct Rank: Sendable {
        package var host: String
        package var standing = Heartbeat.Standing()
        /// Time since its last sign of life.
        package var silence = Duration.zero

        package init(host: String) { self.host = host }
    }

    let ranks: [Rank]
    let limit: Duration
    /// The time since some rank did what does not count; nil where none did.
    let sinceExcuse: Duration?

    package init(ranks: [Rank], limit: Duration, sinceExcuse: Duration? = nil) {
        (self.ranks, self.limit, self.sinceExcuse) = (ranks, limit, sinceExcuse)
    }

    /// Whether a rank does what does not count, and is not waiting itself: others wait for it in order.
    var excuses: Bool {
        ranks.contains { $0.standing.isUncounted && $0.standing.waited == nil }
    }

    /// The failure that ends the run; nil while all goes well.
    ///
    /// A rank without a sign of life is to blame whatever it did. Else, where one has waited too long,
    /// the one to blame does not wait itself and has begun the fewest calls; it is let off while its
    /// time does not count.
    package var failure: Failure? {
        if let silent = ranks.firstIndex(where: { $0.silence > limit }) {
            return blame(silent, "no sign of life for \(Self.seconds(ranks[silent].silence))")
        }
        let isLate = ranks.contains { ($0.standing.waited ?? .zero) > limit }
        // Who has just left off what does not count has the whole limit from then on.
        guard isLate, sinceExcuse.map({ $0 > limit }) ?? true else { return nil }
        let busy = ranks.indices.filter { ranks[$0].standing.waited == nil }
        guard let slowest = busy.min(by: { number($0) < number($1) }) else { return allWait }
        guard !ranks[slowest].standing.isUncounted else { return nil }
        return blame(slowest, "it is alive but has not called")
    }

    private func number(_ rank: Int) -> Int { ranks[rank].standing.number }

    private func blame(_ rank: Int, _ sign: String) -> Failure {
        let own = ranks[rank].standing
        let others = ranks.indices.filter { $0 != rank && ranks[$0].standing.waited != nil }
            .map { ranks[$0].standing }
        let longest = others.max { ($0.waited ?? .zero) < ($1.waited ?? .zero) }
        return Failure(
            "rank \(rank) keeps the run waiting",
            expected: longest.map {
                "it in collective \($0.number) (\($0.call)) within \(Self.seconds(limit))"
            },
            got: "\(sign); last heard of in collective \(own.number) (\(own.call))",
            at: "step \(max(own.step, longest?.step ?? 0)), host \(ranks[rank].host)",
            remedy: "see whether the process is stopped, the host down or the link cut, then go on "
                + FailureText("with --resume; \(key: "train.watchdog_seconds") is the limit"))
    }

    /// Nobody computes and nothing arrives.
    private var allWait: Failure? {
        guard let last = ranks.indices.min(by: { number($0) < number($1) }),
            ranks.allSatisfy({ !$0.standing.isUncounted })
        else { return nil }
        let standing = ranks[last].standing
        return Failure(
            "all ranks wait and no message arrives",
            expected: "an answer within \(Self.seconds(limit))",
            got: "rank \(last) on \(ranks[last].host) in collective \(standing.number) "
                + "(\(standing.call)), the lowest", at: "step \(standing.step)",
            remedy: "check the network between the hosts, then go on with --resume")
    }

    static func seconds(_ duration: Duration) -> String {
        let tenths = Int(duration / .milliseconds(100))
        return tenths.isMultiple(of: 10) ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    }
}
