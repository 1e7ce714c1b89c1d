/// The pauses before restarts: each twice the one before, up to a minute, from 1 s again after progress.
struct RestartPauses {
    private static let longest = 60
    private var seconds = 1

    mutating func next(afterProgress hasProgressed: Bool) -> Int {
        if hasProgressed { seconds = 1 }
        defer { seconds = min(2 * seconds, Self.longest) }
        return seconds
    }
}
