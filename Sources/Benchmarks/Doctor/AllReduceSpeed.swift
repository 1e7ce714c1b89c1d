import Collectives
import Diagnostics
import JSON

/// The speed with which the ranks add up gradients.
struct AllReduceSpeed: Equatable {
    package let byteCount: Int
    /// Seconds of the best of several times, on the slowest rank.
    package let seconds: Double

    var gbPerSecond: Double { Double(byteCount) / seconds / 1e9 }

    /// Measures how fast the ranks add up gradients; nil where there is one rank, which has nothing
    /// to add.
    ///
    /// - Throws: `AgreedFailure` when a sum is wrong.
    package static func measure(
        over communicator: any Communicator, effort: DoctorEffort
    ) throws -> AllReduceSpeed? {
        let worldSize = communicator.worldSize
        guard worldSize > 1 else { return nil }
        let reducer = try BucketReducer(
            communicator: communicator,
            buckets: GradientBuckets(
                parameterCount: effort.gradientCount, hosts: .apart(worldSize: worldSize)),
            tree: LaneTree(laneCount: worldSize))
        let buffer = GradientBuffer.allocate(capacity: effort.gradientCount)
        defer { buffer.deallocate() }

        buffer.initialize(repeating: Float(communicator.rank + 1))
        try reducer.allReduce([buffer])
        try check(buffer, over: communicator)
        buffer.update(repeating: 0)

        let first = try time(reducer, buffer, over: communicator)
        // About as long as the other measurements, decided by what all ranks know.
        let count = Int(max(1, min(20, effort.seconds / max(first, 1e-6))))
        let seconds = try (0..<count).reduce(first) { best, _ in
            min(best, try time(reducer, buffer, over: communicator))
        }
        return AllReduceSpeed(
            byteCount: effort.gradientCount * MemoryLayout<Float>.stride, seconds: seconds)
    }

    /// The time of the slowest rank.
    private static func time(
        _ reducer: BucketReducer, _ buffer: GradientBuffer,
        over communicator: any Communicator
    ) throws -> Double {
        try communicator.barrier()
        let time = try ContinuousClock().measure { try reducer.allReduce([buffer]) }
        return try communicator.allReduce([time / .seconds(1)], .maximum)[0]
    }

    /// Every rank gave its number from 1: the sum is known.
    package static func check(
        _ buffer: GradientBuffer, over communicator: any Communicator
    ) throws {
        let sum = Float(communicator.worldSize * (communicator.worldSize + 1) / 2)
        try communicator.agree {
            guard let wrong = buffer.first(where: { $0 != sum }) else { return }
            throw Failure(
                "the ranks do not add up", expected: "\(sum)", got: "\(wrong)",
                at: "a test of the all-reduce", remedy: "check the MPI installation on all hosts")
        }
    }

    package var json: JSONValue {
        .object([
            "bytes": .integer(byteCount), "seconds": .number(seconds),
            "gb_per_second": .number(gbPerSecond),
        ])
    }
}
