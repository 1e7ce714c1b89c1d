/// A message between the watchdogs of two ranks: one line of words in one datagram.
package enum Heartbeat: Equatable, Sendable {
    /// The progress of a rank that lives; rank 0 answers each with its own.
    case progress(rank: Int, Standing)
    /// The end of the run, after rank 0 has reported why.
    case end

    /// A rank's progress, as sent to another host, whose clock is another.
    package struct Standing: Equatable, Sendable {
        package var step: Int
        package var number: Int
        package var call: String
        /// How long the rank has been in the call; nil outside.
        package var waited: Duration?
        package var isUncounted: Bool

        package init(
            step: Int = 0, number: Int = 0, call: String = "start", waited: Duration? = nil,
            isUncounted: Bool = false
        ) {
            (self.step, self.number, self.call) = (step, number, call)
            (self.waited, self.isUncounted) = (waited, isUncounted)
        }
    }

    /// - Parameter token: the run's own number, which keeps strangers out.
    package func line(token: UInt64) -> String {
        switch self {
        case .end: "\(token) end"
        case .progress(let rank, let at):
            "\(token) progress \(rank) \(at.step) \(at.number) \(at.call) "
                + "\(at.waited.map { Int($0 / .milliseconds(1)) } ?? -1) \(at.isUncounted ? 1 : 0)"
        }
    }

    /// Reads a line; nil for what is no heartbeat of this run.
    package init?(line: String, token: UInt64) {
        let words = line.split(separator: " ").map(String.init)
        guard words.count >= 2, words[0] == String(token) else { return nil }
        switch (words[1], words.count) {
        case ("end", 2): self = .end
        case ("progress", 8):
            guard let rank = Int(words[2]), let step = Int(words[3]), let number = Int(words[4]),
                let waited = Int(words[6])
            else { return nil }
            let standing = Standing(
                step: step, number: number, call: words[5],
                waited: waited < 0 ? nil : .milliseconds(waited), isUncounted: words[7] == "1")
            self = .progress(rank: rank, standing)
        default: return nil
        }
    }
}

extension Heartbeat.Standing {
    package init(_ progress: RankProgress) {
        self.init(
            step: progress.step, number: progress.number, call: progress.call,
            waited: progress.waitingSince.map { .now - $0 },
            isUncounted: progress.isUncounted || progress.files != nil)
    }
}
