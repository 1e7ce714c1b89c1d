/// The results of a step that was computed again.
package struct ReplayResult: Sendable {
    /// The number of the step, from 1.
    package let step: Int
    /// Nats per counted token of the global batch, before the update.
    package let loss: Double
    /// Norm of the gradient before clipping.
    package let gradientNorm: Double
    package let learningRate: Double
    /// The layers, in the order of the parameters.
    package let layers: [Layer]
    /// The sequences of the global batch that this rank computed.
    package let sequences: Range<Int>
    /// What each of these is by itself, with the dropout that it had; empty where nobody asked.
    package let losses: [SequenceLoss]

    /// The loss of a sequence by itself.
    package struct SequenceLoss: Equatable, Sendable {
        /// Sum over what counts, in nats, and how much that is in the loss of the batch.
        package let sum: Double
        package let weight: Double

        /// Nil where nothing counts.
        package var mean: Double? { weight > 0 ? sum / weight : nil }
    }

    /// A block of the model, or an embedding or norm outside the blocks.
    package struct Layer: Sendable {
        package let name: String
        package private(set) var parameterCount = 0
        private var gradientSquares = 0.0
        private var weightSquares = 0.0

        init(name: String) {
            self.name = name
        }

        /// Euclidean norm of the gradient of the loss, before clipping.
        package var gradientNorm: Double { gradientSquares.squareRoot() }
        /// Euclidean norm of the weights, before the update.
        package var weightNorm: Double { weightSquares.squareRoot() }

        mutating func add(
            gradient: some Sequence<Float>, scale: Double, weights: some Collection<Float>
        ) {
            parameterCount += weights.count
            gradientSquares += scale * scale * Self.squares(of: gradient)
            weightSquares += Self.squares(of: weights)
        }

        private static func squares(of values: some Sequence<Float>) -> Double {
            values.reduce(0) { $0 + Double($1) * Double($1) }
        }
    }
}
