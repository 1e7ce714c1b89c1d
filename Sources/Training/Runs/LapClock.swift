import Foundation

/// Measures where the time of a step goes.
package struct LapClock {
    private let start = ContinuousClock.now
    private var last = ContinuousClock.now
    package private(set) var seconds: [String: Double] = [:]

    /// Books the time since the last lap, or since the start, under `name`.
    mutating func lap(_ name: String) {
        let now = ContinuousClock.now
        seconds[name, default: 0] += (now - last) / .seconds(1)
        last = now
    }

    /// Books `duration`, which was measured inside a lap, under `name` instead of `other`.
    mutating func move(_ duration: Duration, from other: String, to name: String) {
        seconds[name, default: 0] += duration / .seconds(1)
        seconds[other, default: 0] -= duration / .seconds(1)
    }

    /// Notes what went on beside the laps.
    mutating func note(_ duration: Duration, as name: String) {
        seconds[name, default: 0] += duration / .seconds(1)
    }

    var total: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// The most memory this process has held so far.
    package static var peakMemoryBytes: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1024
    }
}
