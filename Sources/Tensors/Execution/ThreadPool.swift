import CDNN
import Foundation

/// The threads of one rank. A loop is cut into indices that do not depend on the thread count;
/// which thread runs which index is left to chance and must not change a result.
///
/// The calling thread works too: a pool of one has no thread of its own.
package final class ThreadPool: Sendable {
    package let threadCount: Int
    private let board = LoopBoard()

    package init(threadCount: Int) {
        precondition(threadCount >= 1, "a thread pool needs a thread, got \(threadCount)")
        self.threadCount = threadCount
        for _ in 1..<threadCount {
            let thread = Thread { [board] in
                var seen = 0
                while let loop = board.nextLoop(after: &seen) { loop.takeIndices() }
                cdnn_forget()
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    deinit { board.close() }

    /// Runs `body` once for each index below `count`, on all threads, and returns when all are done.
    /// `body` must not call into the pool again.
    package func forEach(_ count: Int, _ body: (Int) -> Void) {
        if threadCount == 1 || count <= 1 {
            for index in 0..<count { body(index) }
            return
        }
        // The body is called only for indices that this call awaits: it does not escape.
        withoutActuallyEscaping(body) { escaping in
            let loop = ParallelLoop(
                count: count, body: unsafeBitCast(escaping, to: ParallelLoop.Body.self))
            board.publish(loop)
            loop.takeIndices()
            loop.awaitCompletion()
            loop.releaseBody()
        }
    }

    /// `forEach` over fixed chunks of `0..<count`, each of `grain` elements but the last.
    package func forEachChunk(of count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
        forEach((count + grain - 1) / grain) { chunk in
            body(chunk * grain..<min(count, (chunk + 1) * grain))
        }
    }
}
