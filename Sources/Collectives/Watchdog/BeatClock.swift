/// A clock for the regular work of a watchdog.
struct BeatClock {
    let interval: Duration
    /// A longer pause than this means that the process was stopped and has been continued.
    let tolerance: Duration
    /// Whether such a pause lay before the last beat.
    private(set) var hasSlept = false
    private var last = ContinuousClock.now
    private var next: ContinuousClock.Instant

    init(interval: Duration, tolerance: Duration) {
        (self.interval, self.tolerance) = (interval, tolerance)
        next = .now + interval
    }

    var untilBeat: Duration { max(.zero, next - .now) }

    /// Whether the time of a beat has come; the next one follows an interval later.
    mutating func beats() -> Bool {
        let now = ContinuousClock.now
        guard now >= next else { return false }
        hasSlept = now - last > tolerance
        last = now
        next = now + interval
        return true
    }
}
