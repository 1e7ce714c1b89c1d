import Diagnostics
import Foundation
import Logging
import Machine
import Training

/// Whether the disk has room for the checkpoints of a run, known before it begins.
package struct CheckpointRoom {
    /// Bytes of the files of one checkpoint.
    package let fileSizes: [Int]
    package let options: CheckpointOptions
    /// Checkpoints that are there.
    package let presentCount: Int
    /// Checkpoints that are still to come.
    package let comingCount: Int

    init(_ setup: TrainerSetup, from start: RunStart) throws {
        let last = min(setup.stepCount, setup.train.stopAfterSteps ?? .max)
        try self.init(
            fileSizes: setup.checkpointSizes,
            options: setup.checkpoint,
            presentCount: setup.store.steps.count,
            comingCount: Self.saves(
                after: start.state?.step ?? 0, to: last, every: setup.checkpoint.everySteps))
    }

    package init(
        fileSizes: [Int], options: CheckpointOptions, presentCount: Int, comingCount: Int
    ) {
        self.fileSizes = fileSizes
        self.options = options
        self.presentCount = presentCount
        self.comingCount = comingCount
    }

    /// The saves of a run: every so many steps, and at the end.
    package static func saves(after step: Int, to last: Int, every steps: Int) -> Int {
        guard step < last else { return 0 }
        guard steps > 0 else { return 1 }
        return last / steps - step / steps + (last.isMultiple(of: steps) ? 0 : 1)
    }

    package var size: Int { fileSizes.reduce(0, +) }

    /// Checkpoints beside those that are there, at most at one time: a new one is whole before an old one
    /// goes.
    package var mostMoreAtOnce: Int {
        guard comingCount > 0 else { return 0 }
        guard options.keepLast > 0 else { return comingCount }
        let kept = options.keepLast + (options.keepBest ? 1 : 0)
        return max(1, min(presentCount + comingCount, kept + 1) - presentCount)
    }

    /// Warns where only some fit on the file system of a path.
    ///
    /// - Throws: `Failure` where not even one fits.
    package func check(at path: String, _ logger: Logger) throws {
        guard let freeBytes = FileSystemFacts(path: path)?.freeBytes else { return }
        try check(
            freeBytes: freeBytes, fileLimit: ProcessLimits.current.fileSizeBytes, at: path, logger)
    }

    /// - Parameter fileLimit: The largest file that the process may write; nil is any.
    /// - Throws: `Failure` where not even one fits.
    package func check(freeBytes: Int, fileLimit: Int?, at path: String, _ logger: Logger) throws {
        guard comingCount > 0 else { return }
        if let fileLimit, let largest = fileSizes.max(), largest > fileLimit {
            throw Failure(
                "a file of a checkpoint is larger than this process may write",
                expected: "at most \(Quantity.bytes(fileLimit))", got: Quantity.bytes(largest),
                at: path, remedy: "lift the limit with ulimit -f unlimited")
        }
        guard freeBytes >= size else {
            throw Failure(
                "the disk has no room for a checkpoint", expected: Quantity.bytes(size),
                got: "\(Quantity.bytes(freeBytes)) free", at: path,
                remedy: "free some, or choose another output")
        }
        let (fitting, wanted) = (freeBytes / max(1, size), mostMoreAtOnce)
        guard fitting < wanted else { return }
        let count = Quantity.count(fitting, "checkpoint")
        logger.warning(
            """
            the disk has room for \(count) of \(Quantity.bytes(size)) each, this run will want \(wanted) \
            more at one time (checkpoint.keep_last \(options.keepLast)\
            \(options.keepLast == 0 ? ", which keeps all" : "")): free some, or keep fewer
            """)
    }
}
