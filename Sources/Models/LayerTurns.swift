import Tensors

/// The angles by which the queries and keys of each layer turn.
struct LayerTurns {
    private let configuration: DecoderConfiguration
    private let usual: LayerAngles?
    private let still: LayerAngles?
    private let sliding: LayerAngles?

    init(_ configuration: DecoderConfiguration, device: Device) {
        self.configuration = configuration
        guard case .rotary(let rotary) = configuration.positions else {
            (usual, still, sliding) = (nil, nil, nil)
            return
        }
        usual = LayerAngles(rotary, configuration, device: device)
        still =
            configuration.unturnedLayers.isEmpty
            ? nil : LayerAngles(still: rotary, configuration, device: device)
        sliding = configuration.sliding?.positions.map {
            LayerAngles($0, configuration, device: device)
        }
    }

    /// Nil where positions are learned.
    func angles(ofLayer layer: Int) -> LayerAngles? {
        if configuration.unturnedLayers.holds(layer) { return still }
        return configuration.window(ofLayer: layer) == nil ? usual : sliding ?? usual
    }
}

/// The angles of a layer, which may be others in long sequences.
struct LayerAngles {
    private let short: RotaryTable
    private let long: RotaryTable?
    private let shortLength: Int

    init(_ positions: RotaryPositions, _ model: DecoderConfiguration, device: Device) {
        func table(length: Int) -> RotaryTable {
            RotaryTable(
                frequencies: positions.frequencies(headSize: model.headSize, length: length),
                positions: model.contextLength,
                amplitude: positions.amplitude(contextLength: model.contextLength), device: device)
        }
        shortLength = positions.shortLength ?? model.contextLength
        short = table(length: 0)
        long = shortLength < model.contextLength ? table(length: model.contextLength) : nil
    }

    /// Those of a layer that does not turn.
    init(still positions: RotaryPositions, _ model: DecoderConfiguration, device: Device) {
        let planes = positions.turnedSize(headSize: model.headSize) / 2
        short = RotaryTable(
            frequencies: [Float](repeating: 0, count: planes), positions: model.contextLength,
            device: device)
        (long, shortLength) = (nil, model.contextLength)
    }

    /// Equal for layers that turn alike.
    var identity: UnsafeMutablePointer<Float> { short.cosines.pointer }

    /// Those of a sequence of some tokens.
    func table(length: Int) -> RotaryTable {
        length > shortLength ? long ?? short : short
    }
}
