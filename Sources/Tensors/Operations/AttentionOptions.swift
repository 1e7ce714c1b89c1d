import CKernels

/// Options of causal attention.
package struct AttentionOptions: Sendable {
    /// Heads of queries.
    package var headCount: Int
    /// Heads of keys and values; as many queries share each as divide them (Ainslie et al., 2023).
    package var keyValueHeadCount: Int
    /// Dropout on the attention probabilities.
    package var dropout: Dropout?
    /// Stride of the dropout counter, so that the mask does not depend on the length of a batch.
    package var contextLength: Int
    /// The tokens that one sees, itself among them; nil for all of the past.
    package var window: Int?
    /// What scores are multiplied with; nil for 1 / sqrt(head size).
    package var scale: Float?
    /// The bound c of scores s: c tanh(s / c) (Gemma team, 2024); nil for none.
    package var softCap: Float?
    /// Whether a row's softmax has the same bits, whatever rows are taken with it: what windows begin
    /// with then stands at the place in a vector that its position gives it.
    package var isByRow = false

    /// - Parameter keyValueHeadCount: a divisor of `headCount`; nil gives each query its own.
    package init(
        headCount: Int, keyValueHeadCount: Int? = nil, contextLength: Int,
        dropout: Dropout? = nil, window: Int? = nil, scale: Float? = nil, softCap: Float? = nil
    ) {
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount ?? headCount
        self.contextLength = contextLength
        self.dropout = dropout
        self.window = window
        self.scale = scale
        self.softCap = softCap
    }

    /// The positions that one of a block of queries sees: those of all their windows.
    func seen(by rows: Range<Int>) -> Range<Int> {
        let first = window.map { max(0, rows.lowerBound + 1 - $0) } ?? 0
        return (isByRow ? first / Self.vector * Self.vector : first)..<rows.upperBound
    }

    /// Scores that the softmax takes at once.
    private static let vector = 16

    /// The most positions that a block of queries among `length` sees.
    func mostSeen(length: Int, blockRows: Int) -> Int {
        window.map { min(length, $0 - 1 + blockRows + (isByRow ? Self.vector : 0)) } ?? length
    }
}

/// The scores of a block of queries, and the way from them to probabilities.
struct AttentionScores {
    let options: AttentionOptions
    /// The positions of the queries, and those that the columns stand for.
    let rows: Range<Int>
    let seen: Range<Int>
    let matrix: Matrix<Float>
    private let scale: Float

    init(
        _ matrix: Matrix<Float>, rows: Range<Int>, seen: Range<Int>, headSize: Int,
        _ options: AttentionOptions
    ) {
        (self.matrix, self.rows, self.seen, self.options) = (matrix, rows, seen, options)
        scale = options.scale ?? 1 / Float(headSize).squareRoot()
    }

    /// Scores become probabilities.
    ///
    /// - Parameters:
    ///   - logSums: gets the log-sum of each row.
    func makeProbabilities(_ logSums: UnsafeMutablePointer<Float>) {
        let scale = cap(slopes: nil)
        fillBeforeWindows(with: -.infinity)
        kernel_causal_softmax(
            matrix.pointer, logSums, rows.count, matrix.stride, firstRow, scale)
        fillBeforeWindows(with: 0)
    }

    /// Scores become the probabilities that they became before, by the log-sums of that time.
    ///
    /// - Parameter slopes: gets how a bounded score changes with the score; nil where none is bounded.
    func remakeProbabilities(
        _ logSums: UnsafePointer<Float>, slopes: UnsafeMutablePointer<Float>?
    ) {
        let scale = cap(slopes: slopes)
        kernel_causal_probabilities(
            matrix.pointer, logSums, rows.count, matrix.stride, firstRow, scale)
        fillBeforeWindows(with: 0)
    }

    /// Gradients of probabilities become those of products of queries and keys.
    func makeScoreGradients(
        _ gradients: Matrix<Float>, dots: UnsafePointer<Float>,
        slopes: UnsafePointer<Float>?
    ) {
        kernel_attention_score_gradient(
            gradients.pointer, matrix.pointer, dots, rows.count, matrix.stride, scale)
        guard let slopes else { return }
        kernel_multiply(
            gradients.pointer, gradients.pointer, slopes, rows.count * matrix.stride)
    }

    private var firstRow: Int { rows.lowerBound - seen.lowerBound }

    /// Bounds the scores.
    ///
    /// - Returns: what they are still to be multiplied with.
    private func cap(slopes: UnsafeMutablePointer<Float>?) -> Float {
        guard let cap = options.softCap else { return scale }
        kernel_soft_cap(
            matrix.pointer, slopes, matrix.pointer, scale, cap, rows.count * matrix.stride)
        return 1
    }

    private func fillBeforeWindows(with value: Float) {
        guard let window = options.window else { return }
        kernel_fill_before_window(
            matrix.pointer, rows.count, matrix.stride, firstRow, window, value)
    }
}
