import Collectives
import Diagnostics

/// The sum over ranks by bucket size: this program's reduction beside MPI_Allreduce in the same buckets.
package struct AllReduceBench {
    package let communicator: any Communicator
    package let megabytes: Int

    package init(communicator: any Communicator, megabytes: Int) {
        (self.communicator, self.megabytes) = (communicator, megabytes)
    }

    package static let usualMegabytes = 500
    private static let bucketMegabytes = [1, 2, 4, 8, 16, 32, 64]
    private static let floatsInMegabyte = (1 << 20) / MemoryLayout<Float>.stride
    /// The best of these counts: the others were disturbed.
    private static let repeatCount = 4

    /// - Throws: A usage `Failure` where there is nothing to add; `AgreedFailure` where a sum is wrong.
    package func run() throws -> AllReduceBenchReport {
        try communicator.agree { try validate() }
        let count = megabytes * Self.floatsInMegabyte
        let buffer = GradientBuffer.allocate(capacity: count)
        defer { buffer.deallocate() }
        let sizes = Self.bucketMegabytes.filter { $0 < megabytes } + [megabytes]
        let rows = try sizes.map { try row(bucketMegabytes: $0, buffer) }
        return AllReduceBenchReport(
            worldSize: communicator.worldSize, megabytes: megabytes, rows: rows)
    }

    private func validate() throws {
        guard communicator.worldSize > 1, communicator is MPICommunicator else {
            throw Failure(
                "--all-reduce adds over ranks", expected: "at least 2 ranks", got: "1",
                remedy: "start it with mpirun -n 2", kind: .usage)
        }
        let most = 1 << 16
        guard (1...most).contains(megabytes) else {
            throw Failure(
                "--megabytes", expected: "1 to \(most)", got: "\(megabytes)",
                remedy: "see --help", kind: .usage)
        }
    }

    private func row(
        bucketMegabytes: Int, _ buffer: GradientBuffer
    ) throws -> AllReduceBenchReport.Row {
        let buckets = GradientBuckets(
            parameterCount: buffer.count, hosts: .apart(worldSize: communicator.worldSize),
            bucketSize: bucketMegabytes * Self.floatsInMegabyte)
        let reducer = try BucketReducer(
            communicator: communicator, buckets: buckets,
            tree: LaneTree(laneCount: communicator.worldSize))
        let own = try time(buffer) { try reducer.allReduce([buffer]) }
        let library = try time(buffer) {
            for bucket in buckets {
                try (communicator as? MPICommunicator)?.sumByLibrary(
                    GradientBuffer(rebasing: buffer[bucket.range]))
            }
        }
        return AllReduceBenchReport.Row(
            bucketMegabytes: bucketMegabytes, seconds: own, librarySeconds: library)
    }

    /// The best of several times of the slowest rank; the first one also checks the sum.
    private func time(_ buffer: GradientBuffer, _ reduce: () throws -> Void) throws -> Double {
        var best = Double.infinity
        for _ in 0..<Self.repeatCount {
            buffer.update(repeating: Float(communicator.rank + 1))
            try communicator.barrier()
            let time = try ContinuousClock().measure(reduce)
            best = min(best, try communicator.allReduce([time / .seconds(1)], .maximum)[0])
            try AllReduceSpeed.check(buffer, over: communicator)
        }
        return best
    }
}
