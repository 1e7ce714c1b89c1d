import CKernels
import Runs
import Tensors

/// How much time and memory the measurements take.
package struct DoctorEffort {
    /// Seconds that each measurement takes.
    package let seconds: Double
    /// Bytes that are copied: well beyond the caches in a full look.
    let copyBytes: Int
    /// The number of floats of the all-reduce.
    let gradientCount: Int

    package static let full = DoctorEffort(
        seconds: 0.7, copyBytes: 256 << 20, gradientCount: 1 << 24)
    /// The effort of tests, which gives rough figures.
    package static let quick = DoctorEffort(
        seconds: 0.05, copyBytes: 16 << 20, gradientCount: 1 << 20)
}

/// What one rank reaches while all ranks measure at once, as they compute in training.
struct RankSpeed: Codable, Equatable {
    package var host: String
    package var threadCount: Int
    package var blasCore: String
    /// GFLOP/s of fused multiply-adds on one thread.
    var coreGFLOPS: Double
    /// GFLOP/s on all threads: the most that any measurement reached, since a busy machine can
    /// disturb each of them.
    package var gflops: Double
    /// GFLOP/s of a product of the feed-forward layer of GPT-2 124M.
    var sgemmGFLOPS: Double
    /// GFLOP/s of that product in bfloat16; nil where the processor has no instructions for it.
    var bfloat16GFLOPS: Double?
    /// GB/s, read and written bytes together.
    var copyGBPerSecond: Double

    /// - Parameter barrier: holds a measurement until all ranks are there.
    package static func measure(
        on device: Device, host: String, kernels: ComputeKernels, effort: DoctorEffort,
        barrier: () throws -> Void
    ) rethrows -> RankSpeed {
        try barrier()
        let core = FloatingPointRate.best(seconds: effort.seconds) {
            kernel_fma_chains(FloatingPointRate.chainRounds)
        }
        try barrier()
        let all = FloatingPointRate.best(seconds: effort.seconds) {
            FloatingPointRate.chains(on: device)
        }
        try barrier()
        let sgemm = productRate(of: Float.self, on: device, effort)
        try barrier()
        let bfloat16 =
            ComputeKernels.hasBFloat16
            ? productRate(of: BFloat16.self, on: device, effort) / 1e9 : nil
        try barrier()
        let copy = copyRate(on: device, effort)
        return RankSpeed(
            host: host, threadCount: device.threads.threadCount, blasCore: kernels.blasCore,
            coreGFLOPS: core / 1e9, gflops: max(core, all, sgemm) / 1e9,
            sgemmGFLOPS: sgemm / 1e9, bfloat16GFLOPS: bfloat16,
            copyGBPerSecond: copy / 1e9)
    }

    /// 1024 tokens through 768 x 3072.
    private static func productRate<Element: ComputeElement>(
        of type: Element.Type, on device: Device, _ effort: DoctorEffort
    ) -> Double {
        let (rows, depth, columns) = (1024, 768, 3072)
        let a = device.uninitialized([rows, depth], of: type)
        let b = device.uninitialized([depth, columns], of: type)
        let out = device.uninitialized([rows, columns], of: type)
        Element.fill(a.pointer, 0.5, a.count)
        Element.fill(b.pointer, 0.25, b.count)
        return FloatingPointRate.best(seconds: effort.seconds) {
            device.multiply(a.matrix, b.matrix, into: out.matrix)
            return 2 * Double(rows * depth * columns)
        }
    }

    private static func copyRate(on device: Device, _ effort: DoctorEffort) -> Double {
        let count = effort.copyBytes / MemoryLayout<Float>.stride
        let source = device.zeros([count])
        let destination = device.zeros([count])
        return FloatingPointRate.best(seconds: effort.seconds) {
            device.copy(source, to: destination)
            return 2 * Double(effort.copyBytes)
        }
    }
}
