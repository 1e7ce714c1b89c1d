import CDNN
import Diagnostics
import Foundation
import Machine

/// The threads of one rank. A loop is cut into indices that do not depend on the thread count;
/// which thread runs which index is left to chance and must not change a result.
///
/// The calling thread works too: a pool of one has no thread of its own.
package final class ThreadPool: Sendable {
    package let threadCount: Int
    private let board = LoopBoard()

    /// - Parameters:
    ///   - places: the processors of each thread; none to leave them to the system. The first are those of
    ///     the calling thread, which is not bound: the threads that it starts (readers, writers) would
    ///     inherit them. Where each other thread has a processor of its own, one is left to it.
    ///   - tracks: where the threads but the calling one leave a trace; none where nobody traces.
    package init(
        threadCount: Int, places: [ProcessorSet] = [], tracks: [TraceTrack] = []
    ) {
        precondition(
            threadCount >= 1 && (places.isEmpty || places.count == threadCount),
            "expected a thread, and a place for each, got \(threadCount) and \(places.count)")
        self.threadCount = threadCount
        for index in 1..<threadCount {
            let place = places.isEmpty ? nil : places[index]
            let track = index <= tracks.count ? tracks[index - 1] : nil
            let thread = Thread.named("compute") { [board] in
                // Whether the system lets it be was found out before (RankProcessors).
                _ = place?.bindThread()
                board.serve(track)
                cdnn_forget()
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    deinit { board.close() }

    /// Runs `body` once for each index below `count`, on all threads, and returns when all are done. A
    /// loop inside another one, or beside one of another thread, runs on its own thread alone.
    package func forEach(_ count: Int, _ body: (Int) -> Void) {
        precondition(count <= Int(Int32.max), "a loop has too many indices: \(count)")
        // The body is called only for indices that this call awaits: it does not escape.
        let isDone =
            threadCount > 1 && count > 1
            && withoutActuallyEscaping(body) { escaping in
                board.run(count, unsafeBitCast(escaping, to: LoopBoard.Body.self))
            }
        if !isDone { for index in 0..<count { body(index) } }
    }

    /// `forEach` over fixed chunks of `0..<count`, each of `grain` elements but the last.
    package func forEachChunk(of count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
        forEach((count + grain - 1) / grain) { chunk in
            body(chunk * grain..<min(count, (chunk + 1) * grain))
        }
    }
}
