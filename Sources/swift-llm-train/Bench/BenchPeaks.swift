import Collectives
import Foundation
import Tensors

/// What the machine gives all ranks at once: sums over the ranks.
struct BenchPeaks: Equatable {
    /// GFLOP/s.
    var fma: Double
    /// GFLOP/s of fp32 products.
    var sgemm: Double
    /// GB/s, read and written.
    var copyGBPerSecond: Double

    static func measure(
        _ compute: ComputeResources, over communicator: any Communicator, effort: DoctorEffort
    ) throws -> BenchPeaks {
        let own = try RankSpeed.measure(
            on: compute.makeDevice(), host: ProcessInfo.processInfo.hostName,
            kernels: compute.kernels, effort: effort, barrier: communicator.barrier)
        let sums = try communicator.allReduce(
            [own.gflops, own.sgemmGFLOPS, own.copyGBPerSecond], .sum)
        return BenchPeaks(fma: sums[0], sgemm: sums[1], copyGBPerSecond: sums[2])
    }
}
