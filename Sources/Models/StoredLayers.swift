import Tensors

/// The keys and values of some layers, [layers, B, S, K D] each.
struct StoredLayers {
    private let keys: Tensor<Float>
    private let values: Tensor<Float>

    init(_ shape: [Int], _ device: Device) {
        (keys, values) = (device.uninitialized(shape), device.uninitialized(shape))
    }

    /// Those of one layer.
    init(_ past: PastKeysValues) {
        keys = past.keys.reshaped([1] + past.keys.shape)
        values = past.values.reshaped([1] + past.values.shape)
    }

    var layerCount: Int { keys.shape[0] }

    func past(_ layer: Int, first: Int, length: Int) -> PastKeysValues {
        func own(_ tensor: Tensor<Float>) -> Tensor<Float> {
            tensor.slice(layer..<layer + 1).reshaped(Array(tensor.shape.dropFirst()))
        }
        return PastKeysValues(
            keys: own(keys), values: own(values), first: first, length: length)
    }

    /// Copies rows of a layer to the front of one of another store, or its own.
    func move(_ layer: Int, rows: Range<Int>, to target: StoredLayers, _ number: Int? = nil) {
        let sequences = keys.shape[1]
        for sequence in 0..<sequences {
            let from = layer * sequences + sequence
            let to = (number ?? layer) * sequences + sequence
            Self.copy(keys, from, rows, to: target.keys, to)
            Self.copy(values, from, rows, to: target.values, to)
        }
    }

    /// Copies the first rows of the one sequence to each of the sequences of another store.
    func copy(rows: Int, to target: StoredLayers) {
        let sequences = target.keys.shape[1]
        for index in 0..<layerCount * sequences {
            Self.copy(keys, index / sequences, 0..<rows, to: target.keys, index)
            Self.copy(values, index / sequences, 0..<rows, to: target.values, index)
        }
    }

    /// Rows may overlap.
    private static func copy(
        _ source: Tensor<Float>, _ from: Int, _ rows: Range<Int>, to target: Tensor<Float>,
        _ to: Int
    ) {
        let width = source.columnCount
        let start = (from * source.shape[2] + rows.lowerBound) * width
        (target.pointer + to * target.shape[2] * width).update(
            from: source.pointer + start, count: rows.count * width)
    }
}
