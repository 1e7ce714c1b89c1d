import CKernels
import Collectives
import Tensors

/// Brings the singular values of a matrix near 1, to between 0.7 and 1.2, by a quintic iteration of
/// Newton-Schulz (Higham, 2008; coefficients of Jordan et al., 2024), in float32:
///
///     x = u / (|u| + 1e-7)
///     x = a x + (b (x xᵀ) + c (x xᵀ)²) x        five times; of a tall matrix with xᵀ x from the right
///
/// Products are cut into tiles that do not depend on the threads, and the norm is added up chunk by chunk:
/// the same bits wherever it is computed.
struct NewtonSchulz {
    private static let (a, b, c): (Float, Float, Float) = (3.4445, -4.7750, 2.0315)
    static let stepCount = 5
    private static let epsilon = 1e-7

    let device: Device

    /// Replaces a matrix, [rows, columns].
    ///
    /// - Parameter betweenSteps: called after each step.
    func orthogonalize(
        _ values: Tensor<Float>, betweenSteps: () throws -> Void = {}
    ) rethrows {
        let x = values.matrix
        let isTall = x.rows > x.columns
        let size = min(x.rows, x.columns)
        let (gram, polynomial) = (
            device.uninitialized([size, size]), device.uninitialized([size, size])
        )
        let product = device.uninitialized([x.rows, x.columns])
        normalize(values)
        for _ in 0..<Self.stepCount {
            if isTall {
                device.multiply(x.transposed, x, into: gram.matrix)
            } else {
                device.multiply(x, x.transposed, into: gram.matrix)
            }
            device.multiply(gram.matrix, gram.matrix, into: polynomial.matrix)
            combine(polynomial, gram, share: Self.b, rest: Self.c)
            if isTall {
                device.multiply(x, polynomial.matrix, into: product.matrix)
            } else {
                device.multiply(polynomial.matrix, x, into: product.matrix)
            }
            combine(values, product, share: 1, rest: Self.a)
            try betweenSteps()
        }
    }

    private func normalize(_ values: Tensor<Float>) {
        let chunkCount = (values.count + Device.grain - 1) / Device.grain
        var sums = [Double](repeating: 0, count: chunkCount)
        sums.withUnsafeMutableBufferPointer { sums in
            device.forEachChunk(of: values.count, as: .optimizer) { chunk in
                sums[chunk.lowerBound / Device.grain] = kernel_sum_of_squares(
                    values.pointer + chunk.lowerBound, chunk.count)
            }
        }
        let norm = sums.reduce(0, +).squareRoot()
        // Of the values itself: 0 a + factor values.
        combine(values, values, share: 0, rest: Float(1 / (norm + Self.epsilon)))
    }

    /// out = share a + rest out.
    private func combine(
        _ out: Tensor<Float>, _ a: Tensor<Float>, share: Float, rest: Float
    ) {
        device.forEachChunk(of: out.count, as: .optimizer) { chunk in
            kernel_scaled_sum(
                out.pointer + chunk.lowerBound, a.pointer + chunk.lowerBound, chunk.count, share,
                rest)
        }
    }
}
