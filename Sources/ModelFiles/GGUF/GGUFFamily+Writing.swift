import Diagnostics
import JSON
import Models

extension GGUFFamily {
    /// The sizes and features of a model under llama.cpp's keys.
    ///
    /// - Throws: `Failure` that names the features which a file of the family does not tell.
    func metadata(of model: DecoderConfiguration) throws -> [(key: String, value: GGUFValue)] {
        let sizes = [("vocab_size", model.vocabularySize)] + fixed(model)
        let told = model.huggingFaceMembers
        let rest = members.compactMap { key, member -> (key: String, value: GGUFValue)? in
            guard !sizes.contains(where: { $0.0 == key }) else { return nil }
            return told[member].flatMap(GGUFValue.init(json:)).map { (key, $0) }
        }
        let features =
            GGUFScaling.metadata(of: model) + (windows?.metadata(of: model) ?? [])
        let metadata = (sizes.map { ($0.0, .integer(UInt32($0.1))) } + rest + features)
            .map { ("\(name).\($0)", $1) }
        try check(metadata, of: model)
        return metadata
    }

    /// The tensors of a model with those that llama.cpp wants twice.
    func completed(_ tensors: [GGUFTensor]) -> [GGUFTensor] {
        guard repeatsTable, !tensors.contains(where: { $0.name == GGUFTensors.outputName }),
            let table = tensors.first(where: { $0.name == GGUFTensors.tableName })
        else { return tensors }
        let output = GGUFTensor(
            name: GGUFTensors.outputName, shape: table.shape, type: table.type,
            values: table.values)
        return tensors + [output]
    }

    /// A file that is read must give the model that was written.
    private func check(
        _ metadata: [(key: String, value: GGUFValue)], of model: DecoderConfiguration
    ) throws {
        let fields = Dictionary(uniqueKeysWithValues: metadata.map { ($0.key, $0.value.field) })
        let told = GGUFTensors.Told(
            vocabularySize: model.vocabularySize, isTied: model.isTied,
            hasAttentionBiases: model.biasedModules.contains(.attentionOutput),
            hasMLPBiases: model.biasedModules.contains(.lower))
        var found = try GGUFMetadata(fields, at: "").configuration(of: self, told).model
        var model = model
        // Nothing is set to zero by who reads.
        (found.dropoutRate, model.dropoutRate) = (0, 0)
        found.positions = found.positions.completed(by: model)
        let read = found.huggingFaceMembers
        let lost = model.huggingFaceMembers.filter { key, value in
            !["architectures", "model_type"].contains(key) && value != read[key] ?? .null
        }
        guard lost.isEmpty else {
            throw Failure(
                "this model is not written as GGUF",
                expected: "what files of the family \(name) can tell",
                got: lost.keys.sorted().map { "\($0) \(lost[$0]?.summary ?? "")" }
                    .joined(separator: ", "),
                remedy: "export it as a Hugging Face directory")
        }
    }
}

extension DecoderConfiguration.Positions {
    /// With what a file tells of a model's positions in tensors of their own, and with its share of a head
    /// where as much turns.
    fileprivate func completed(by model: DecoderConfiguration) -> Self {
        guard case .rotary(var found) = self, case .rotary(let wanted) = model.positions else {
            return self
        }
        if !model.ggufRotaryFactors.isEmpty { found.scaling = wanted.scaling }
        let size = model.headSize
        if found.turnedSize(headSize: size) == wanted.turnedSize(headSize: size) {
            found.share = wanted.share
        }
        return .rotary(found)
    }
}

extension GGUFValue {
    /// A number or a truth of config.json; nil for what is neither.
    fileprivate init?(json: JSONValue) {
        switch json {
        case .integer(let value):
            guard let value = UInt32(exactly: value) else { return nil }
            self = .integer(value)
        case .number(let value): self = .number(Float(value))
        case .boolean(let value): self = .boolean(value)
        default: return nil
        }
    }

    /// The value as a reader of the file sees it.
    fileprivate var field: GGUFField {
        switch self {
        case .integer(let value): .integer(Int(value))
        case .number(let value): .number(value)
        case .boolean(let value): .boolean(value)
        case .text(let text): .text(text)
        case .integers(let values): .integers(values.map(Int.init))
        case .booleans(let values): .integers(values.map { $0 ? 1 : 0 })
        case .numbers(let values): .numbers(values)
        case .texts(let values): .texts(values)
        }
    }
}
