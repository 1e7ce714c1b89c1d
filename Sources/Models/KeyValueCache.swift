import Tensors

/// The keys and values that a model has computed for the tokens of B growing sequences: with them
/// the next token costs one position, not a pass over the whole sequence.
///
/// Holds 2 layers * B * context * K D floats from the start (K heads of D; K D = C in GPT-2): 75 MB for
/// a GPT-2 of 124M and one sequence. Keys hold the positions of their tokens, so all entries depend
/// on where the sequence begins: when it outgrows the context, the cache cannot slide but is computed
/// again.
package final class KeyValueCache {
    package let batchSize: Int
    package let contextLength: Int
    /// Positions that the cache holds.
    package private(set) var length = 0

    /// [layer, B, S, K D].
    private let keys: Tensor<Float>
    private let values: Tensor<Float>

    package init(_ configuration: ModelConfiguration, batchSize: Int = 1, device: Device) {
        self.batchSize = batchSize
        contextLength = configuration.contextLength
        let shape = [
            configuration.layerCount, batchSize, contextLength, configuration.keyValueSize,
        ]
        keys = device.uninitialized(shape)
        values = device.uninitialized(shape)
    }

    /// Forgets all positions from `length` on.
    package func truncate(to length: Int) {
        precondition(
            (0...self.length).contains(length),
            "expected at most the \(self.length) positions of the cache, got \(length)")
        self.length = length
    }

    func past(ofLayer layer: Int) -> PastKeysValues {
        PastKeysValues(
            keys: Self.layer(layer, of: keys), values: Self.layer(layer, of: values),
            length: length)
    }

    /// Called when all layers have written the keys and values of `count` more positions.
    func advance(by count: Int) { length += count }

    private static func layer(_ layer: Int, of tensor: Tensor<Float>) -> Tensor<Float> {
        tensor.slice(layer..<layer + 1).reshaped(Array(tensor.shape.dropFirst()))
    }
}
