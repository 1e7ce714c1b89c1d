import Diagnostics
import JSON
import Models

/// How the files of a family tell which layers see a window of the past.
///
/// `attention.sliding_window` has the tokens of a window; `attention.sliding_window_pattern` either a
/// number P, for each P-th layer to see all, or a truth for each layer.
struct GGUFWindows: Sendable {
    /// The family of files with a window, where it is another than of those without.
    var architecture: Architecture?
    /// P where the file has no pattern; nil where all layers then see the window.
    var period: Int?
    /// The window where the file has none; nil where there is none then.
    var usualWindow: Int?
    /// The member of config.json that says whether there are windows, beside the one of their size.
    var flag: String?
    /// Whether llama.cpp computes windows in this family; it passes over those of others.
    var isHeeded = false

    private static let (windowKey, patternKey) = (
        "attention.sliding_window", "attention.sliding_window_pattern"
    )
    static let keys: Set<String> = [windowKey, patternKey]
    /// More layers than any model has.
    private static let layerCounts = 0...1 << 12

    /// What config.json says of the windows that a file tells.
    ///
    /// - Parameter prefix: What stands before the keys.
    func members(
        _ metadata: GGUFMetadata, _ prefix: String, layerCount: Int
    ) throws(Failure) -> [String: JSONValue] {
        let window = try metadata.integer(prefix + Self.windowKey) ?? usualWindow ?? 0
        // The configuration refuses what is clamped here.
        let layers = 0..<min(max(layerCount, 0), Self.layerCounts.upperBound)
        var flags = [Bool](repeating: false, count: layers.count)
        if window != 0 { flags = try self.flags(metadata, prefix + Self.patternKey, layers) }
        let kinds = flags.map { JSONValue.string($0 ? "sliding_attention" : "full_attention") }
        var members: [String: JSONValue] = [
            "layer_types": .array(kinds), "sliding_window": window == 0 ? .null : .integer(window),
        ]
        if let flag { members[flag] = .boolean(window != 0) }
        return members
    }

    private func flags(
        _ metadata: GGUFMetadata, _ key: String, _ layers: Range<Int>
    ) throws(Failure) -> [Bool] {
        guard case .integers(let values) = metadata.fields[key] else {
            return flags(period: try metadata.integer(key) ?? period, layers)
        }
        guard values.count == layers.count else {
            throw metadata.failure(
                key, expected: "a truth for each of \(layers.count) layers", metadata.fields[key])
        }
        return values.map { $0 != 0 }
    }

    /// All but each P-th layer; all of them for 0 and for no P.
    private func flags(period: Int?, _ layers: Range<Int>) -> [Bool] {
        guard let period, period > 0 else { return layers.map { _ in true } }
        return layers.map { $0 % period < period - 1 }
    }

    /// The keys for the windows of a model, as far as the family has keys for them.
    func metadata(of model: DecoderConfiguration) -> [(key: String, value: GGUFValue)] {
        guard let sliding = model.sliding else { return [] }
        let window = (Self.windowKey, GGUFValue.integer(UInt32(sliding.window)))
        let layers = 0..<model.layerCount
        let flags = layers.map(sliding.layers.holds)
        if flags == self.flags(period: period, layers) { return [window] }
        guard isHeeded else { return [window, (Self.patternKey, .booleans(flags))] }
        // llama.cpp reads no truths here.
        let found = (2...max(2, model.layerCount)).first {
            self.flags(period: $0, layers) == flags
        }
        return [window] + (found.map { [(Self.patternKey, .integer(UInt32($0)))] } ?? [])
    }
}
