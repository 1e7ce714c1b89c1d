import Collectives
import Foundation
import Synchronization
import Testing

/// What becomes of a rank whose file system does not answer.
@Suite struct FileWatchTests {
    /// What the watch of one second said and ended with.
    private struct Outcome {
        var lines: [String] = []
        var end: String?
    }

    /// The outcome of waiting for files so long, after so long without.
    private func outcome(
        waiting: Double, times: Int = 1, pause: Double = 0
    ) -> Outcome {
        let outcome = Mutex(Outcome())
        let board = ProgressBoard()
        let watch = FileWatch.start(
            seconds: 1, board: board, over: SingleProcess(), notice: .milliseconds(400),
            warn: { line in outcome.withLock { $0.lines.append(line) } },
            end: { report in outcome.withLock { $0.end = report.line } })
        for _ in 0..<times {
            board.awaitingFiles("the batch of step 7") {
                #expect(board.progress.files?.what == "the batch of step 7")
                Thread.sleep(forTimeInterval: waiting)
            }
            #expect(board.progress.files == nil)
            Thread.sleep(forTimeInterval: pause)
        }
        watch?.close()
        return outcome.withLock { $0 }
    }

    @Test func aFileSystemThatDoesNotAnswerEndsTheRankByALine() throws {
        let outcome = outcome(waiting: 1.6)
        let line = try #require(outcome.end)
        #expect(
            line.hasPrefix(
                "swift-llm-train: the file system does not answer: expected the batch of step 7 "
                    + "within 1 s, got nothing for 1"), "\(line)")
        #expect(line.contains("train.io_seconds is the limit"))
        #expect(outcome.lines.count == 1 && outcome.lines[0].contains("rank 0 on "))
    }

    /// Each wait counts by itself.
    @Test func waitsWithinTheLimitEndNothing() throws {
        let outcome = outcome(waiting: 0.3, times: 5)
        #expect(outcome.end == nil && outcome.lines.isEmpty)
    }

    @Test func aLongWaitIsToldOnce() throws {
        let outcome = outcome(waiting: 0.8)
        #expect(outcome.end == nil)
        #expect(outcome.lines.count == 1 && outcome.lines[0].contains("the batch of step 7"))
    }

    @Test func whoeverComputesOrWaitsForRanksIsNotWatched() throws {
        let outcome = outcome(waiting: 0, pause: 1.5)
        #expect(outcome.end == nil && outcome.lines.isEmpty)
    }

    @Test func withoutALimitThereIsNoWatch() {
        #expect(
            FileWatch.start(seconds: 0, board: ProgressBoard(), over: SingleProcess()) == nil)
    }

    /// The watchdog of the ranks lets a rank off that waits for files.
    @Test func theOthersHearThatTheTimeDoesNotCount() {
        let board = ProgressBoard()
        board.awaitingFiles("a batch") {
            #expect(Heartbeat.Standing(board.progress).isUncounted)
        }
        #expect(!Heartbeat.Standing(board.progress).isUncounted)
    }
}
