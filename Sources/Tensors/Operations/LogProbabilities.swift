import CKernels

extension Device {
    /// The log-probabilities of some columns of a row of logits, in nats: minus the losses that
    /// `crossEntropy` gives them, bit for bit.
    package func logProbabilities(
        of columns: [Int32], in logits: UnsafeBufferPointer<Float>
    ) -> [Float] {
        guard let row = logits.baseAddress else { return [] }
        var sum: Float = 0
        kernel_log_sums(&sum, row, 1, logits.count)
        return columns.map { -(sum - row[Int($0)]) }
    }
}
