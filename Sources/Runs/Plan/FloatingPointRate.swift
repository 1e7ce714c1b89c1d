import CKernels
import Tensors

/// How fast a rank multiplies and adds.
package enum FloatingPointRate {
    /// The best of several runs, in units a second: the others were disturbed.
    package static func best(seconds: Double, _ work: () -> Double) -> Double {
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
    package static let chainRounds = 4_000_000

    /// Makes fused multiply-adds on all threads, which wait for nothing.
    ///
    /// - Returns: the operations.
    package static func chains(on device: Device) -> Double {
        let threadCount = device.threads.threadCount
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: threadCount) { operations in
            device.threads.forEach(threadCount) { operations[$0] = kernel_fma_chains(chainRounds) }
            return operations.reduce(0, +)
        }
    }

    /// Operations a second of all threads in fp32, by a look of some tens of milliseconds.
    package static func peak(on device: Device) -> Double {
        best(seconds: 0.03) { chains(on: device) }
    }
}
