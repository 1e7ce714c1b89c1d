/// The pauses before restarts: each twice the one before, up to a minute, from 1 s again after progress.
package struct RestartPauses {
    private static let longest = 60
    private var seconds = 1

    package init() {}

    package mutating func next(afterProgress hasProgressed: Bool) -> Int {
        if hasProgressed { seconds = 1 }
        defer { seconds = min(2 * seconds, Self.longest) }
        return seconds
    }
}
