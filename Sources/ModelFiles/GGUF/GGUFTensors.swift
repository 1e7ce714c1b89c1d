import Diagnostics
import Files
import JSON
import Models

/// The tensors of a GGUF file, and what they tell beyond the metadata.
struct GGUFTensors {
    private let entries: [String: GGUFEntry]
    private let reader: FileReader

    static let tableName = "token_embd.weight"
    static let outputName = "output.weight"
    /// Tensors of older files that hold nothing to be read: the frequencies of rotary positions.
    private static let superfluousSuffix = "attn_rot_embd.weight"

    /// What the tensors tell of the model.
    struct Told {
        let vocabularySize: Int
        let isTied: Bool
        let hasAttentionBiases: Bool
        let hasMLPBiases: Bool
    }

    init(_ entries: [GGUFEntry], of reader: FileReader) {
        // The header names each tensor once.
        self.entries = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0) })
        self.reader = reader
    }

    /// The configuration, as the config.json would be read that says the same.
    func configuration(_ metadata: GGUFMetadata) throws(Failure) -> HuggingFaceConfiguration {
        let family = try metadata.family()
        guard let table = entries[Self.tableName] else {
            throw Failure("the tensor \(Self.tableName) is missing", at: reader.path)
        }
        let told = Told(
            vocabularySize: table.shape[0], isTied: try isTied,
            hasAttentionBiases: entries["blk.0.attn_output.bias"] != nil,
            hasMLPBiases: entries["blk.0.ffn_down.bias"] != nil)
        var configuration = try metadata.configuration(of: family, told)
        let scaling = try scaling(configuration.model, GGUFScaling(metadata, of: family))
        if !scaling.isEmpty {
            configuration = try metadata.configuration(of: family, told, scaling: scaling)
        }
        try metadata.checkAllIsKnown(of: family, configuration.model)
        return configuration
    }

    /// The tensors of the model with their places, by their Hugging Face names.
    ///
    /// - Throws: `Failure` that lists every missing, unknown and unsuitable tensor.
    func places(
        of model: DecoderConfiguration
    ) throws(Failure) -> [String: (tensor: DecoderTensor, entry: GGUFEntry)] {
        var places: [String: (DecoderTensor, GGUFEntry)] = [:]
        var rest = entries.filter {
            !$0.key.hasSuffix(Self.superfluousSuffix)
                && !GGUFRotaryFactors.names.contains($0.key)
        }
        if model.isTied, try isTied { rest[Self.outputName] = nil }
        var (missing, unsuitable) = ([String](), [String]())
        for tensor in model.tensors {
            let name = tensor.ggufName
            let shape = model.ggufShape(of: tensor)
            guard let entry = rest.removeValue(forKey: name) else {
                missing.append(name)
                continue
            }
            if entry.shape != shape {
                unsuitable.append("\(name) (expected \(shape), got \(entry.shape))")
            }
            places[tensor.name] = (tensor, entry)
        }
        let differences = TensorDifferences(
            missing: missing, superfluous: rest.keys.sorted(), unsuitable: unsuitable)
        guard differences.isEmpty else {
            throw differences.failure(
                at: reader.path, remedy: "take a file of a family that this program computes")
        }
        return places
    }

    /// Whether the output layer is the embedding table: not there, or the same bytes again.
    private var isTied: Bool {
        get throws(Failure) {
            guard let output = entries[Self.outputName] else { return true }
            guard let table = entries[Self.tableName], output.type == table.type,
                output.shape == table.shape
            else { return false }
            let step = 1 << 20
            for start in stride(from: 0, to: table.range.count, by: step) {
                let count = min(step, table.range.count - start)
                let own = try reader.bytes(at: output.range.lowerBound + start, count: count)
                let other = try reader.bytes(at: table.range.lowerBound + start, count: count)
                if own != other { return false }
            }
            return true
        }
    }

    /// What config.json says of a scaling of which the file holds factors.
    private func scaling(
        _ model: DecoderConfiguration, _ keys: GGUFScaling
    ) throws(Failure) -> [String: JSONValue] {
        guard case .rotary(let rotary) = model.positions else { return [:] }
        let planes = rotary.turnedSize(headSize: model.headSize) / 2
        let names = GGUFRotaryFactors.names.filter { entries[$0] != nil }
        let pair: Set = [GGUFRotaryFactors.shortName, GGUFRotaryFactors.longName]
        guard !names.isEmpty else { return [:] }
        guard rotary.scaling == nil, names == pair || names == [GGUFRotaryFactors.name] else {
            throw failure(
                names.sorted()[0],
                expected: "no other scaling, and \(GGUFRotaryFactors.name) alone or "
                    + pair.sorted().joined(separator: " with "),
                got: names.sorted().joined(separator: ", "))
        }
        if let short = try factors(GGUFRotaryFactors.shortName, count: planes),
            let long = try factors(GGUFRotaryFactors.longName, count: planes)
        {
            return try keys.longRope(short: short, long: long)
        }
        guard let factors = try factors(GGUFRotaryFactors.name, count: planes),
            factors.contains(where: { $0 != 1 })
        else { return [:] }
        let found = GGUFRotaryFactors(
            factors: factors, theta: rotary.theta, headSize: model.headSize
        ).scaling
        guard let found else {
            throw failure(
                GGUFRotaryFactors.name, expected: "the factors of Llama 3's scaling", got: "others")
        }
        return ["rope_scaling": found.huggingFace]
    }

    /// The numbers of a tensor; nil where there is none.
    private func factors(_ name: String, count: Int) throws(Failure) -> [Float]? {
        guard let entry = entries[name] else { return nil }
        guard entry.type == .float32, entry.elementCount == count else {
            throw failure(
                name, expected: "a number for each plane of positions that turn",
                got: "\(entry.type.name) of shape \(entry.shape)")
        }
        let bytes = try reader.bytes(at: entry.range.lowerBound, count: entry.range.count)
        return bytes.withUnsafeBytes { bytes in
            (0..<count).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
    }

    private func failure(_ name: String, expected: String, got: String) -> Failure {
        Failure("cannot use this model: \(name)", expected: expected, got: got, at: reader.path)
    }
}
