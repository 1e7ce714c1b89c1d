import CKernels
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
        let core = bestRate(seconds: effort.seconds) { kernel_fma_chains(chainRounds) }
        try barrier()
        let all = bestRate(seconds: effort.seconds) { chains(on: device) }
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

    /// The best of several runs, in units a second: the others were disturbed.
    static func bestRate(seconds: Double, _ work: () -> Double) -> Double {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(seconds)
        var best = 0.0
        var runCount = 0
        while runCount < 3 || clock.now < end {
            var amount = 0.0
            let time = clock.measure { amount = work() }
            best = max(best, amount / max(1e-9, time / .seconds(1)))
            runCount += 1
        }
        return best
    }

    /// A few milliseconds of work: long beside the start of a thread.
    private static let chainRounds = 4_000_000

    private static func chains(on device: Device) -> Double {
        let threadCount = device.threads.threadCount
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: threadCount) { operations in
            device.threads.forEach(threadCount) { operations[$0] = kernel_fma_chains(chainRounds) }
            return operations.reduce(0, +)
        }
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
        return bestRate(seconds: effort.seconds) {
            device.multiply(a.matrix, b.matrix, into: out.matrix)
            return 2 * Double(rows * depth * columns)
        }
    }

    private static func copyRate(on device: Device, _ effort: DoctorEffort) -> Double {
        let count = effort.copyBytes / MemoryLayout<Float>.stride
        let source = device.zeros([count])
        let destination = device.zeros([count])
        return bestRate(seconds: effort.seconds) {
            device.copy(source, to: destination)
            return 2 * Double(effort.copyBytes)
        }
    }
}
