import CKernels
import Diagnostics
import Synchronization
import Tensors

/// A tensor that was read from a file, and the check that it holds numbers: infinity and NaN would
/// go into every figure and every weight that is computed from it.
package struct FiniteTensor {
    package let name: String
    package let path: String

    /// The number of the first element that was read.
    private let start: Int

    /// - Parameters:
    ///   - path: the file that it was read from.
    ///   - start: the first element of the part that was read.
    package init(_ name: String, at path: String, from start: Int = 0) {
        (self.name, self.path, self.start) = (name, path, start)
    }

    /// The number of elements that one thread looks through at a time.
    private static let grain = 1 << 18

    /// - Throws: `Failure` that names the tensor, the file and the first element that is no number.
    package func check(
        _ values: UnsafeBufferPointer<Float>, on device: Device
    ) throws(Failure) {
        guard let index = Self.firstNonFinite(in: values, on: device) else { return }
        throw Failure(
            "the tensor \(name) is not finite", expected: "numbers",
            got: "\(values[index]) at element \(start + index)", at: path,
            remedy: "take another copy or an earlier checkpoint: nothing can be computed with it")
    }

    /// The place of the first value that is infinite or NaN; nil where there is none. All threads of
    /// the device look for it.
    package static func firstNonFinite(
        in values: UnsafeBufferPointer<Float>, on device: Device
    ) -> Int? {
        guard let base = values.baseAddress else { return nil }
        let start = UInt(bitPattern: base)
        let first = Mutex(Int.max)
        device.threads.forEachChunk(of: values.count, grain: grain) { range in
            guard let base = UnsafePointer<Float>(bitPattern: start) else { return }
            // The square of a finite float is finite as a double.
            guard !kernel_sum_of_squares(base + range.lowerBound, range.count).isFinite
            else { return }
            let index = range.first { !base[$0].isFinite } ?? range.lowerBound
            first.withLock { $0 = min($0, index) }
        }
        let found = first.withLock { $0 }
        return found == .max ? nil : found
    }
}
