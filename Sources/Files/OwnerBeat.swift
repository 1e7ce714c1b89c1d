import Foundation

/// What the owner of a directory writes at every beat: one line of words.
struct OwnerBeat: Equatable {
    let host: String
    let process: Int
    let interval: Duration
    /// Beats so far: what a reader sees move.
    var count = 0
    /// Whether the owner went in order.
    private(set) var hasEnded = false

    init(every interval: Duration) {
        host = ProcessInfo.processInfo.hostName
        process = Int(getpid())
        self.interval = interval
    }

    /// The last line of an owner.
    static var ended: OwnerBeat {
        var beat = OwnerBeat(every: .zero)
        beat.hasEnded = true
        return beat
    }

    var name: String { "process \(process) on \(host)" }

    var text: String {
        let word = hasEnded ? "ended" : "lives"
        return "\(host) \(process) \(Int(interval / .milliseconds(1))) \(count) \(word)\n"
    }

    /// Reads a line; nil for one that is being written.
    init?(_ text: String) {
        let words = text.split { $0 == " " || $0 == "\n" }.map(String.init)
        guard words.count == 5, text.hasSuffix("\n"), let process = Int(words[1]),
            let milliseconds = Int(words[2]), let count = Int(words[3])
        else { return nil }
        host = words[0]
        self.process = process
        interval = .milliseconds(min(max(milliseconds, 0), 3_600_000))
        self.count = count
        hasEnded = words[4] == "ended"
    }
}
