import Collectives
import Foundation
import Runs
import Tensors

/// What the machine gives all ranks at once: sums over the ranks.
struct BenchPeaks: Equatable {
    /// GFLOP/s.
    package var fma: Double
    /// GFLOP/s of fp32 products.
    package var sgemm: Double
    /// GFLOP/s of bf16 products; nil where a rank has no instructions for them.
    package var bfloat16: Double?
    /// GB/s, read and written.
    var copyGBPerSecond: Double

    package static func measure(
        _ compute: ComputeResources, over communicator: any Communicator, effort: DoctorEffort
    ) throws -> BenchPeaks {
        let own = try RankSpeed.measure(
            on: compute.makeDevice(), host: ProcessInfo.processInfo.hostName,
            kernels: compute.kernels, effort: effort, barrier: communicator.barrier)
        let sums = try communicator.allReduce(
            [own.gflops, own.sgemmGFLOPS, own.bfloat16GFLOPS ?? .nan, own.copyGBPerSecond], .sum)
        return BenchPeaks(
            fma: sums[0], sgemm: sums[1], bfloat16: sums[2].isNaN ? nil : sums[2],
            copyGBPerSecond: sums[3])
    }
}
