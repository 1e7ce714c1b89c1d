import Diagnostics
import Dispatch
import Synchronization

/// Gives the batches of steps firstStep, firstStep + 1, ... of one rank, each read in the
/// background while the caller works on the one before.
///
/// Of a batch that hosts read for each other it gives what this one has: the caller exchanges the rest.
///
/// A batch is a function of the step, so what is read ahead never changes what is given.
package final class BatchReader {
    private let source: any BatchSource
    /// The sequences of the global batch that each rank holds.
    private let shares: [Range<Int>]
    private let rank: Int
    private let trace: TraceTrack?
    private var reading: Reading?
    /// The step that `next` gives next.
    package private(set) var step: Int
    /// Seconds for which the caller waited in `next`, in all.
    package private(set) var waitedSeconds = 0.0

    /// Begins to read the batch of `firstStep` at once.
    ///
    /// - Parameter trace: where the reading leaves a trace; nil where nobody traces.
    package init(
        source: any BatchSource, shares: [Range<Int>], rank: Int, firstStep: Int,
        trace: TraceTrack? = nil
    ) {
        self.source = source
        (self.shares, self.rank) = (shares, rank)
        self.trace = trace
        step = firstStep
        reading = beginReading()
    }

    deinit { close() }

    /// The batch of `step`; then begins to read that of the step after.
    ///
    /// - Throws: the error met in the background. The step stays where it is, and the call after
    ///   it reads the same batch again.
    package func next() throws -> BatchDraft {
        let start = ContinuousClock.now
        let current = reading ?? beginReading()
        reading = nil
        let result = current.finish()
        waitedSeconds += (ContinuousClock.now - start) / .seconds(1)
        let batch = try result.get()
        step += 1
        reading = beginReading()
        return batch
    }

    /// Waits until nothing is read in the background any more. A later `next` begins again.
    package func close() {
        _ = reading?.finish()
        reading = nil
    }

    private func beginReading() -> Reading {
        let (source, step, shares, rank, trace) = (source, step, shares, rank, trace)
        return Reading {
            try trace.measure(.reading, step + 1) {
                try source.draft(step: step, shares: shares, rank: rank)
            }
        }
    }
}

/// One batch that is being read on another thread. Its owner waits for it exactly once.
private final class Reading: Sendable {
    private let done = DispatchSemaphore(value: 0)
    private let result = Mutex<Result<BatchDraft, any Error>?>(nil)

    init(_ read: @escaping @Sendable () throws -> BatchDraft) {
        DispatchQueue.global(qos: .userInitiated).async {
            let result = Result { try read() }
            self.result.withLock { $0 = result }
            self.done.signal()
        }
    }

    func finish() -> Result<BatchDraft, any Error> {
        done.wait()
        // The signal comes after the result is set.
        return result.withLock { $0! }
    }
}
