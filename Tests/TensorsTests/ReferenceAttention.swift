import Foundation
import Tensors

/// Causal attention with all probabilities written out: b sequence, h head, i query, j key.
struct ReferenceAttention {
    let headCount: Int
    /// The positions that one sees, itself among them.
    var window = Int.max
    var scale: Double?
    var cap: Double?
    /// Factor of each probability, from (b, h, i, j): dropout.
    var factor: (Int, Int, Int, Int) -> Double = { _, _, _, _ in 1 }

    /// [B, T, 3C] -> [B, T, C].
    func callAsFunction(_ qkv: Reference) -> Reference {
        var out = Reference(zeros: [qkv.shape[0], qkv.shape[1], qkv.shape[2] / 3])
        for b in 0..<qkv.shape[0] {
            for h in 0..<headCount {
                for i in 0..<qkv.shape[1] { attend(qkv, b, h, i, into: &out) }
            }
        }
        return out
    }

    private func attend(
        _ qkv: Reference, _ b: Int, _ h: Int, _ i: Int, into out: inout Reference
    ) {
        let (length, width) = (out.shape[1], out.shape[2])
        let headSize = width / headCount
        func start(_ part: Int, _ t: Int) -> Int {
            ((b * length + t) * 3 + part) * width + h * headSize
        }

        let query = start(0, i)
        let first = max(0, i - (window - 1))
        let scores = (first...i).map { j in
            let key = start(1, j)
            var sum = 0.0
            for c in 0..<headSize { sum += qkv.values[query + c] * qkv.values[key + c] }
            sum *= scale ?? 1 / Double(headSize).squareRoot()
            return cap.map { $0 * tanh(sum / $0) } ?? sum
        }
        let probabilities = Reference(shape: [scores.count], values: scores).softmax.values
        for j in first...i {
            let (weight, value) = (probabilities[j - first] * factor(b, h, i, j), start(2, j))
            let target = (b * length + i) * width + h * headSize
            for c in 0..<headSize { out.values[target + c] += weight * qkv.values[value + c] }
        }
    }
}
