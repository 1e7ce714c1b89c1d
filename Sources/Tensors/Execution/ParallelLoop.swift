import CKernels
import Foundation
import Synchronization

/// One loop that several threads work through. A thread that comes late finds no index left and
/// never touches the body.
final class ParallelLoop: @unchecked Sendable {
    typealias Body = @Sendable (Int) -> Void

    private let count: Int
    private var body: Body?
    private let next = Atomic<Int>(0)
    private let completed = Atomic<Int>(0)

    init(count: Int, body: @escaping Body) {
        self.count = count
        self.body = body
    }

    func takeIndices() {
        while true {
            let index = next.add(1, ordering: .relaxed).oldValue
            if index >= count { return }
            body?(index)
            completed.add(1, ordering: .releasing)
        }
    }

    /// Waits for the last bodies, which are under way on other threads: about as long as one body.
    func awaitCompletion() {
        var looks = 0
        while completed.load(ordering: .acquiring) < count {
            looks += 1
            if looks < LoopBoard.looks { kernel_pause() } else { sched_yield() }
        }
    }

    /// Called by the publisher after completion, when no thread can ask for the body any more.
    func releaseBody() { body = nil }
}

/// The place where loops are published to the waiting threads.
///
/// A thread looks for the next loop for a while, since in a training step it mostly follows at
/// once, and then sleeps on a condition.
final class LoopBoard: @unchecked Sendable {
    /// About twenty microseconds of looking: longer than what lies between two products of decoding.
    static let looks = 1000

    private let generation = Atomic<Int>(0)
    private let condition = NSCondition()
    private var current: ParallelLoop?
    private var sleeperCount = 0
    private var isClosed = false

    func publish(_ loop: ParallelLoop) {
        change { current = loop }
    }

    func close() {
        change {
            current = nil
            isClosed = true
        }
    }

    /// The next loop published after number `seen`; nil when the board is closed.
    func nextLoop(after seen: inout Int) -> ParallelLoop? {
        var looks = 0
        while looks < Self.looks && generation.load(ordering: .acquiring) == seen {
            looks += 1
            kernel_pause()
        }
        condition.lock()
        defer { condition.unlock() }
        sleeperCount += 1
        while generation.load(ordering: .relaxed) == seen { condition.wait() }
        sleeperCount -= 1
        seen = generation.load(ordering: .relaxed)
        return isClosed ? nil : current
    }

    private func change(_ body: () -> Void) {
        condition.lock()
        defer { condition.unlock() }
        body()
        generation.add(1, ordering: .releasing)
        if sleeperCount > 0 { condition.broadcast() }
    }
}
