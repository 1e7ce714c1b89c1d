import Tensors

/// The keys and values of some layers for B sequences: [layers, B K, S, bytes of a row] each.
struct StoredLayers {
    private let layout: KeyValueLayout
    private let keys: Tensor<UInt8>
    private let values: Tensor<UInt8>

    init(
        layerCount: Int, batchSize: Int, positionCount: Int, _ layout: KeyValueLayout,
        _ device: Device
    ) {
        let shape = [layerCount, batchSize * layout.headCount, positionCount, layout.rowSize]
        self.layout = layout
        keys = device.uninitialized(shape, of: UInt8.self)
        values = device.uninitialized(shape, of: UInt8.self)
    }

    /// Those of one layer.
    init(_ past: PastKeysValues) {
        layout = past.layout
        keys = past.keys.reshaped([1] + past.keys.shape)
        values = past.values.reshaped([1] + past.values.shape)
    }

    var layerCount: Int { keys.shape[0] }

    func past(_ layer: Int, first: Int, length: Int) -> PastKeysValues {
        func own(_ tensor: Tensor<UInt8>) -> Tensor<UInt8> {
            tensor.slice(layer..<layer + 1).reshaped(Array(tensor.shape.dropFirst()))
        }
        return PastKeysValues(
            layout, keys: own(keys), values: own(values), first: first, length: length)
    }

    /// Copies rows of a layer to the front of one of another store, or its own.
    ///
    /// - Precondition: both are of as many sequences.
    func move(_ layer: Int, rows: Range<Int>, to target: StoredLayers, _ number: Int? = nil) {
        let heads = keys.shape[1]
        precondition(
            target.layout == layout && target.keys.shape[1] == heads,
            "expected \(keys.shape) in \(layout.format), got \(target.keys.shape) in "
                + "\(target.layout.format)")
        for head in 0..<heads {
            let from = layer * heads + head
            let to = (number ?? layer) * heads + head
            Self.copy(keys, from, rows, to: target.keys, to)
            Self.copy(values, from, rows, to: target.values, to)
        }
    }

    /// Copies the first rows of all layers to those of another store.
    func copy(rows: Int, to target: StoredLayers) {
        for layer in 0..<layerCount { move(layer, rows: 0..<rows, to: target) }
    }

    /// Rows may overlap.
    private static func copy(
        _ source: Tensor<UInt8>, _ from: Int, _ rows: Range<Int>, to target: Tensor<UInt8>,
        _ to: Int
    ) {
        let width = source.columnCount
        let start = (from * source.shape[2] + rows.lowerBound) * width
        (target.pointer + to * target.shape[2] * width).update(
            from: source.pointer + start, count: rows.count * width)
    }
}
