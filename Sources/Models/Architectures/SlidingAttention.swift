import Diagnostics
import JSON

/// Attention of which some layers see a window of the past only.
package struct SlidingAttention: Equatable, Sendable {
    package var layers: LayerPattern
    /// The tokens that one sees in such a layer, itself among them; usual 512 to 4096.
    package var window: Int
    /// How positions turn in such a layer; nil for as in the others.
    package var positions: RotaryPositions?

    package init(layers: LayerPattern, window: Int, positions: RotaryPositions? = nil) {
        self.layers = layers
        self.window = window
        self.positions = positions
    }
}

// MARK: config.json

extension JSONMembers {
    /// The layers that see a window; nil where none does.
    ///
    /// - Parameters:
    ///   - window: What `sliding_window` is where it stands nowhere; nil for no window.
    ///   - usual: Whether a layer has the window where `layer_types` does not tell; nil where all have it,
    ///     whatever `layer_types` tells.
    func sliding(
        layerCount: Int, window: Int?, usual: ((Int) -> Bool)?
    ) throws(Failure) -> SlidingAttention? {
        let flags = usual == nil ? nil : try slidingFlags(layerCount)
        if self["sliding_window"] == nil && (contains("sliding_window") || window == nil) {
            guard flags?.contains(true) != true else {
                throw failure("sliding_window", expected: "a number, for layer_types that slide")
            }
            return nil
        }
        let window = try integer("sliding_window", default: window ?? 0, in: 1...1 << 30)
        let layers = LayerPattern(flags ?? (0..<layerCount).map { usual?($0) ?? true })
        return layers.isEmpty ? nil : SlidingAttention(layers: layers, window: window)
    }

    /// The layers of Qwen that see a window: from some number on.
    func slidingFromALayerOn(layerCount: Int) throws(Failure) -> SlidingAttention? {
        guard try flag("use_sliding_window", default: false) else { return nil }
        let first = try integer("max_window_layers", default: 28, in: 0...1 << 12)
        return try sliding(layerCount: layerCount, window: 4096) { $0 >= first }
    }

    private func slidingFlags(_ layerCount: Int) throws(Failure) -> [Bool]? {
        guard let given = self["layer_types"] else { return nil }
        let names = given.array.map { $0.compactMap(\.string) } ?? []
        let kinds = ["sliding_attention": true, "full_attention": false]
        let flags = names.compactMap { kinds[$0] }
        guard flags.count == layerCount, names.count == layerCount else {
            throw failure(
                "layer_types",
                expected: "sliding_attention or full_attention for each of \(layerCount) layers")
        }
        return flags
    }
}

extension DecoderConfiguration {
    /// What config.json says of windows.
    var slidingMembers: [String: JSONValue] {
        guard let sliding else { return ["sliding_window": .null] }
        let kinds = (0..<layerCount).map { layer in
            window(ofLayer: layer) == nil ? "full_attention" : "sliding_attention"
        }
        return [
            "layer_types": .array(kinds.map { .string($0) }),
            "sliding_window": .integer(sliding.window),
        ]
    }
}
