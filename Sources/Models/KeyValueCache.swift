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

    /// - Parameter contextLength: the positions that there is room for; by default the model's.
    package convenience init(
        _ configuration: DecoderConfiguration, batchSize: Int = 1, contextLength: Int? = nil,
        device: Device
    ) {
        self.init(
            shape: [
                configuration.layerCount, batchSize,
                contextLength ?? configuration.contextLength, configuration.keyValueSize,
            ], device: device)
    }

    private init(shape: [Int], device: Device) {
        batchSize = shape[1]
        contextLength = shape[2]
        keys = device.uninitialized(shape)
        values = device.uninitialized(shape)
    }

    /// A cache of `count` sequences that all begin as the one sequence of this one.
    package func repeated(_ count: Int, contextLength: Int, device: Device) -> KeyValueCache {
        precondition(
            batchSize == 1 && length <= contextLength,
            "expected one sequence of at most \(contextLength), got \(batchSize) of \(length)")
        let (layerCount, width) = (keys.shape[0], keys.shape[3])
        let copy = KeyValueCache(
            shape: [layerCount, count, contextLength, width], device: device)
        copy.length = length
        for index in 0..<layerCount * count {
            for (source, target) in [(keys, copy.keys), (values, copy.values)] {
                let start = index / count * self.contextLength * width
                device.copy(
                    source.view(from: start, shape: [length, width]),
                    to: target.view(from: index * contextLength * width, shape: [length, width]))
            }
        }
        return copy
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
