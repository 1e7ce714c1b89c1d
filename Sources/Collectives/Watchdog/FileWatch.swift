import Diagnostics
import Foundation
import Synchronization

/// Ends a rank whose file system does not answer within a limit, and says so before: a thread that
/// looks at the board of this rank alone.
///
/// File systems of clusters stand still for minutes while a server is replaced; a run outlives that. The
/// watchdog of the ranks lets a rank off meanwhile.
package final class FileWatch: Sendable {
    private let board: ProgressBoard
    private let limit: Duration
    private let place: Place
    private let warn: @Sendable (String) -> Void
    private let isClosed = DispatchSemaphore(value: 0)

    /// The rank that is watched.
    private struct Place {
        let rank, worldSize: Int
        let host = ProcessInfo.processInfo.hostName
    }

    /// The time after which a line says what the run waits for.
    package static let usualNotice = Duration.seconds(60)

    /// Starts the watch of this rank.
    ///
    /// - Parameters:
    ///   - seconds: how long the file system may take for one call; 0 for ever.
    ///   - notice: the time after which a line says what the rank waits for.
    ///   - warn: gets that line, on the first rank of each node.
    ///   - end: ends the process, which tests replace.
    /// - Returns: nil where there is no limit.
    package static func start(
        seconds: Int, board: ProgressBoard, over communicator: any Communicator,
        notice: Duration = usualNotice, warn: @escaping @Sendable (String) -> Void = FileWatch.warn,
        end: @escaping @Sendable (ErrorReport) -> Void = FileWatch.end
    ) -> FileWatch? {
        guard seconds > 0 else { return nil }
        let place = Place(rank: communicator.rank, worldSize: communicator.worldSize)
        let silence: @Sendable (String) -> Void = { _ in }
        let watch = FileWatch(
            board, .seconds(seconds), place, communicator.localRank == 0 ? warn : silence)
        let thread = Thread.named("files") { watch.run(notice, end) }
        thread.start()
        return watch
    }

    private init(
        _ board: ProgressBoard, _ limit: Duration, _ place: Place,
        _ warn: @escaping @Sendable (String) -> Void
    ) {
        (self.board, self.limit, self.place, self.warn) = (board, limit, place, warn)
    }

    /// Ends the watch.
    package func close() { isClosed.signal() }

    /// The thread that waits for the file system cannot be ended otherwise.
    package static func end(_ report: ErrorReport) {
        report.print()
        _exit(report.exitCode)
    }

    package static func warn(_ line: String) {
        Console.write("warning: \(line)\n", to: .standardError)
    }

    private func run(_ notice: Duration, _ end: @Sendable (ErrorReport) -> Void) {
        var clock = BeatClock(interval: min(.seconds(1), limit / 8), tolerance: limit / 2)
        var told: ContinuousClock.Instant?
        while isClosed.wait(timeout: .now() + clock.untilBeat / .seconds(1)) == .timedOut {
            guard clock.beats() else { continue }
            if clock.hasSlept { board.restartWaiting() }
            guard let wait = board.progress.files else { continue }
            let waited = ContinuousClock.now - wait.since
            if waited > limit {
                return end(
                    ErrorReport(
                        failure(wait, waited), rank: place.rank, worldSize: place.worldSize))
            }
            if waited > notice, told != wait.since {
                told = wait.since
                warn(warning(wait, waited))
            }
        }
    }

    private func failure(_ wait: RankProgress.FileWait, _ waited: Duration) -> Failure {
        Failure(
            "the file system does not answer",
            expected: "\(wait.what) within \(WatchdogVerdict.seconds(limit))",
            got: "nothing for \(WatchdogVerdict.seconds(waited))", at: "host \(place.host)",
            remedy: FailureText(
                "see whether it is there, then go on with --resume; \(key: "train.io_seconds") is "
                    + "the limit"))
    }

    private func warning(_ wait: RankProgress.FileWait, _ waited: Duration) -> String {
        "rank \(place.rank) on \(place.host) has waited \(WatchdogVerdict.seconds(waited)) for "
            + "\(wait.what): the file system does not answer; the run ends after "
            + "\(WatchdogVerdict.seconds(limit)) (train.io_seconds)"
    }
}
