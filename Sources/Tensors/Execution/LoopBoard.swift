import CKernels
import Diagnostics
import Synchronization

/// The place where one thread publishes loops, and others take indices of them.
///
/// Nothing is locked: what is left of a loop is one number, which all threads change. Whoever takes an
/// index that is left keeps the loop from ending, and so its body from being replaced, until the index
/// is counted as done; whoever finds none left never touches the body.
final class LoopBoard: @unchecked Sendable {
    typealias Body = @Sendable (Int) -> Void

    /// About twenty microseconds of looking: longer than what lies between two products of decoding.
    private static let looks = 1000

    /// The count of the loop in the upper half, the next index in the lower; a thread that comes late
    /// moves that past the count.
    private let loop = PaddedAtomic(0)
    private let doneCount = PaddedAtomic(0)
    private let sleeperCount = PaddedAtomic(0)
    private let isClosed = Atomic<Bool>(false)
    private let isTaken = Atomic<Bool>(false)
    /// Counts the calls of those that sleep.
    private let calls: UnsafeMutablePointer<UInt32>
    private var body: Body?

    init() {
        calls = .allocate(capacity: 1)
        calls.initialize(to: 0)
    }

    deinit { calls.deallocate() }

    /// Runs `body` for each index below `count`, on this thread and all that serve, and returns when all
    /// are done; false, and nothing is run, where another loop is under way.
    func run(_ count: Int, _ body: @escaping Body) -> Bool {
        guard !isTaken.exchange(true, ordering: .acquiring) else { return false }
        self.body = body
        doneCount.value.store(0, ordering: .relaxed)
        loop.value.store(UInt64(count) << 32, ordering: .sequentiallyConsistent)
        if sleeperCount.value.load(ordering: .sequentiallyConsistent) > 0 {
            kernel_wake(calls, Int32(clamping: count - 1))
        }
        work()
        awaitEnd(of: UInt64(count))
        self.body = nil
        isTaken.store(false, ordering: .releasing)
        return true
    }

    /// Works on all loops until the board is closed.
    ///
    /// A thread looks for the next loop for a while, since in a training step it mostly follows at
    /// once, and then sleeps.
    ///
    /// - Parameter track: where its work leaves a trace.
    func serve(_ track: TraceTrack?) {
        while !isClosed.load(ordering: .acquiring) {
            var looks = 0
            while looks < Self.looks && !Self.hasIndices(loop.value.load(ordering: .relaxed)) {
                looks += 1
                kernel_pause()
            }
            if looks < Self.looks { work(track) } else { sleep() }
        }
    }

    func close() {
        isClosed.store(true, ordering: .sequentiallyConsistent)
        kernel_wake(calls, .max)
    }

    private func sleep() {
        let seen = kernel_calls(calls)
        sleeperCount.value.add(1, ordering: .sequentiallyConsistent)
        let isNeeded =
            Self.hasIndices(loop.value.load(ordering: .sequentiallyConsistent))
            || isClosed.load(ordering: .sequentiallyConsistent)
        if !isNeeded { kernel_sleep(calls, seen) }
        sleeperCount.value.subtract(1, ordering: .sequentiallyConsistent)
    }

    private static let indexMask = UInt64(UInt32.max)

    /// Whether an index of a loop with this number is left.
    private static func hasIndices(_ loop: UInt64) -> Bool { loop & indexMask < loop >> 32 }

    /// The next index of the loop under way; nil where none is left.
    private func takeIndex() -> Int? {
        // Looked at first, so that idle threads do not count on.
        guard Self.hasIndices(loop.value.load(ordering: .relaxed)) else { return nil }
        let taken = loop.value.add(1, ordering: .acquiringAndReleasing).oldValue
        return Self.hasIndices(taken) ? Int(taken & Self.indexMask) : nil
    }

    private func work(_ track: TraceTrack? = nil) {
        let start = track?.isOpen == true ? TraceClock.now : 0
        let count = runIndices()
        guard count > 0 else { return }
        // Before the work counts as done: the thread that waits for it may read the track.
        if start > 0 { track?.extend(.compute, from: start) }
        doneCount.value.add(count, ordering: .releasing)
    }

    /// Runs the body for indices until none is left; returns how many it was.
    ///
    /// Not inlined: when it returns it holds the body no more, which may then be freed.
    @inline(never)
    private func runIndices() -> UInt64 {
        guard var index = takeIndex(), let body else { return 0 }
        var count: UInt64 = 0
        while true {
            body(index)
            count += 1
            guard let next = takeIndex() else { return count }
            index = next
        }
    }

    /// Waits for the last indices, which other threads are at: about as long as one takes.
    private func awaitEnd(of count: UInt64) {
        var looks = 0
        while doneCount.value.load(ordering: .acquiring) < count {
            looks += 1
            if looks < Self.looks { kernel_pause() } else { kernel_yield() }
        }
    }
}
