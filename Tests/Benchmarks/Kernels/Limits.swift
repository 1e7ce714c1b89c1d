import CKernels
import Tensors

/// What one core gives, measured in the run whose figures are divided by it.
struct Limits {
    /// GFLOP/s.
    let fma: Double
    /// GB/s of a copy, read and written.
    let copy: Double

    private static let repeatCount = 10

    static func measure(_ arrays: Arrays) -> Limits {
        let fma = best { kernel_fma_chains(4_000_000) }
        let copy = best {
            arrays.b.pointer.update(from: arrays.a.pointer, count: arrays.count)
            return Double(2 * arrays.count * MemoryLayout<Float>.stride)
        }
        return Limits(fma: fma / 1e9, copy: copy / 1e9)
    }

    private static func best(_ work: () -> Double) -> Double {
        let clock = ContinuousClock()
        return (0..<repeatCount).reduce(0) { best, _ in
            var amount = 0.0
            let time = clock.measure { amount = work() }
            return max(best, amount / (time / .seconds(1)))
        }
    }
}

/// Arrays well beyond the caches, filled with small numbers, which all kernels share.
struct Arrays {
    let count = 1 << 24
    let a, b, c: Tensor<Float>
    /// Not below 0, as the second moments of AdamW.
    let d: Tensor<Float>
    /// `a` and `b` rounded, and room for results.
    let narrowA, narrowB, narrowC, narrowD: Tensor<BFloat16>
    /// Statistics of rows, gains and biases.
    let small: Tensor<Float>
    /// Token ids, far apart; so many rows fit an array.
    let ids: Tensor<Int32>
    private static let idLimit = 20_000
    static let vocabularySize = 50_304

    init(_ device: Device) {
        let tensors = (0..<4).map { _ in device.uninitialized([1 << 24]) }
        for (stream, tensor) in tensors.enumerated() {
            device.fillNormal(tensor, deviation: 1, stream: stream, seed: 1)
        }
        (a, b, c, d) = (tensors[0], tensors[1], tensors[2], tensors[3])
        kernel_multiply(d.pointer, d.pointer, d.pointer, d.count)
        let narrow = (0..<4).map { _ in device.uninitialized([1 << 24], of: BFloat16.self) }
        (narrowA, narrowB, narrowC, narrowD) = (narrow[0], narrow[1], narrow[2], narrow[3])
        BFloat16.narrow(narrowA.pointer, a.pointer, a.count)
        BFloat16.narrow(narrowB.pointer, b.pointer, b.count)
        small = device.zeros([1 << 17])
        device.fillNormal(small, deviation: 1, stream: 4, seed: 1)
        ids = device.tensor(
            (0..<8192).map { Int32($0 * 7919 % Self.idLimit) }, shape: [8192])
    }
}
