import Tensors

/// The angles by which the queries and keys of each layer turn.
struct LayerTurns {
    private let configuration: DecoderConfiguration
    private let usual: RotaryTable?
    private let still: RotaryTable?

    init(_ configuration: DecoderConfiguration, device: Device) {
        self.configuration = configuration
        guard case .rotary(let rotary) = configuration.positions else {
            (usual, still) = (nil, nil)
            return
        }
        func table(_ frequencies: [Float]) -> RotaryTable {
            RotaryTable(
                frequencies: frequencies, positions: configuration.contextLength, device: device)
        }
        let frequencies = rotary.frequencies(headSize: configuration.headSize)
        usual = table(frequencies)
        still =
            configuration.unturnedLayers.isEmpty
            ? nil : table([Float](repeating: 0, count: frequencies.count))
    }

    /// Nil where positions are learned.
    func angles(ofLayer layer: Int) -> RotaryTable? {
        configuration.unturnedLayers.holds(layer) ? still : usual
    }
}
