import Collectives
import Diagnostics
import Files
import Foundation
import Logging
import ModelFiles
import Training

/// How long a checkpoint of a run takes to be saved, at the speed at which its disk takes what is written.
struct SaveTime {
    /// Bytes of one checkpoint.
    let byteCount: Int
    /// Bytes a second that all writers together bring onto the disk.
    let diskRate: Double
    /// Bytes a second that all threads of all writers together hash.
    let hashRate: Double

    var seconds: Double { Double(byteCount) / diskRate + Double(byteCount) / hashRate }

    /// Bytes that a writer brings onto the disk at a time, and at most.
    private static let (pieceSize, largestSize) = (16 << 20, 128 << 20)
    /// After so long a writer ends, unless one piece takes longer.
    private static let limit = Duration.milliseconds(500)

    /// Measures the speed on all hosts at once: the first rank of each writes a part of what a
    /// checkpoint takes, and removes it. Collective.
    ///
    /// - Returns: nil where no rank could write.
    static func measure(
        _ setup: TrainerSetup, in directory: String, over communicator: any Communicator
    ) throws -> SaveTime? {
        try measure(
            setup.checkpointSizes.reduce(0, +), setup.checkpoint,
            threadCount: setup.model.device.threads.threadCount, in: directory, over: communicator)
    }

    /// The same of a checkpoint of so many bytes. Collective.
    static func measure(
        _ size: Int, _ options: CheckpointOptions, threadCount: Int, in directory: String,
        over communicator: any Communicator
    ) throws -> SaveTime? {
        let isGathering = options.inputOutput == .gather
        let isWriting = isGathering ? communicator.rank == 0 : communicator.localRank == 0
        let hasher = isGathering ? communicator.rank == 0 : true
        try communicator.barrier()
        let probe = DiskProbe(
            path: "\(directory)/.speed-\(communicator.rank).partial",
            size: min(size / (isGathering ? 1 : communicator.hosts.count), largestSize))
        // A disk that is full, or not there on this host, is told elsewhere.
        let rates = isWriting ? try? probe.run(pieceSize: pieceSize, limit: limit) : nil
        let threads = Double(threadCount)
        let hashRate = try communicator.broadcast([rates?.hash ?? 0], from: 0)[0]
        let agreed = try communicator.allReduce(
            [rates?.disk ?? 0, hasher ? threads : 0], DoubleReduction.sum)
        guard agreed[0] > 0, hashRate > 0 else { return nil }
        return SaveTime(byteCount: size, diskRate: agreed[0], hashRate: hashRate * agreed[1])
    }

    /// Tells the time, and whether a stop has room for it.
    func announce(_ checkpoint: CheckpointOptions, at path: String, _ logger: Logger) {
        let line =
            "a checkpoint takes \(Quantity.bytes(byteCount)) and about \(seconds.formattedTo(1)) s: "
            + "\(path) takes \(Quantity.bytes(Int(min(diskRate, 1e15)))) a second"
        guard let limit = checkpoint.stopSeconds else { return logger.info("\(line)") }
        guard seconds > Double(limit) else {
            return logger.info(
                "\(line); with what is left of its step, a stop has checkpoint.stop_seconds \(limit)"
            )
        }
        logger.warning(
            """
            \(line): more than checkpoint.stop_seconds \(limit), so that a stop will lose the steps since \
            the last checkpoint; let the batch system send its signal earlier, or save more often
            """)
    }
}

/// A file that is written to learn how fast a disk is.
private struct DiskProbe {
    let path: String
    let size: Int

    /// - Returns: bytes a second onto the disk, and hashed by this thread.
    func run(pieceSize: Int, limit: Duration) throws -> (disk: Double, hash: Double) {
        var random = SystemRandomNumberGenerator()
        let seed = random.next()
        // No disk and no file system packs or shares it.
        let piece = (0..<UInt64(max(1, min(size, pieceSize) / 8))).map {
            ($0 &+ seed) &* 0x9e37_79b9_7f4a_7c15
        }
        defer { unlink(path) }
        let clock = ContinuousClock()
        let (count, writing) = try piece.withUnsafeBytes { bytes in
            let start = clock.now
            var count = 0
            try PartialFileWriter.create(path, size: size)
            repeat {
                let writer = try PartialFileWriter(path: path)
                try writer.write(bytes, at: count)
                try writer.finish()
                count += bytes.count
            } while count + bytes.count <= size && clock.now - start < limit
            return (count, clock.now - start)
        }
        let hashing = clock.measure {
            var hash = FileHash()
            piece.withUnsafeBytes { hash.update($0) }
            _ = hash.finish()
        }
        return (
            Double(count) / max(writing / .seconds(1), 1e-6),
            Double(piece.count * 8) / max(hashing / .seconds(1), 1e-6)
        )
    }
}
