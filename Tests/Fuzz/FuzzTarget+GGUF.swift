import Files
import ModelFiles
import Models
import Tokenizers

/// GGUF files of a model that this program writes, and of the quantised types.
extension FuzzTarget {
    static let gguf = FuzzTarget(
        name: "gguf", file: "model.gguf",
        prepare: { folder in
            let path = folder + "/model.gguf"
            let quantized = try model(at: path, type: .q8, isRotary: true)
            let plain = try model(at: path, type: .float32, isRotary: false)
            let others = try families.map { try file(of: $0, at: path) }
            try FileWriter.overwrite(path, with: quantized)
            return [plain] + others + types.map { retyped(quantized, to: $0) }
        },
        read: { folder in
            let source = try GGUFSource(reading: folder + "/model.gguf")
            for tensor in source.model.tensors {
                var values = [Float](repeating: 0, count: tensor.shape.reduce(1, *))
                try values.withUnsafeMutableBufferPointer {
                    try source.readTensor(named: tensor.name, into: $0)
                }
            }
            let tokenizer = try source.tokenizer()
            _ = try tokenizer.decode(tokenizer.encode("a b"))
            _ = try source.tokenizerConfigurationJSON()
            _ = try source.chatTemplate()
        })

    /// Types whose blocks are no longer than those of Q8_0, so that the data suffices.
    private static let types: [GGUFType] = [
        .float16, .q4, .q4Minimum, .q5, .q5Minimum, .iq4NonLinear, .bfloat16, .q2K, .q3K, .q4K,
        .q5K, .q6K,
    ]

    /// The file with another type for the tensors in Q8_0.
    private static func retyped(_ bytes: [UInt8], to type: GGUFType) -> [UInt8] {
        var bytes = bytes
        let name = Array("token_embd.weight".utf8)
        // Behind the name: the dimensions, two sizes, the type.
        guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: name) }) else {
            return bytes
        }
        bytes[start + name.count + 4 + 16] = UInt8(type.rawValue)
        return bytes
    }

    /// A small model of each family that has keys or an order of rows of its own.
    private static var families: [DecoderConfiguration] {
        let presets: [ModelPreset] = [
            .mistralNano, .gemma2Nano, .gemma3Nano, .phi3Nano, .pythiaNano,
        ]
        return presets.map { preset in
            var model = preset.configuration(vocabularySize: 8)
            (model.contextLength, model.embeddingSize, model.mlpSize) = (8, 16, 8)
            (model.headCount, model.headSize, model.keyValueHeadCount) = (2, 8, 2)
            model.layerCount = 2
            model.sliding?.window = 4
            if model.architecture.name == "phi3" {
                let scaling = LongRopeScaling(
                    shortFactors: [1, 1, 1, 2], longFactors: [2, 2, 2, 3], originalContextLength: 4)
                model.positions = .rotary(RotaryPositions(scaling: .longRope(scaling)))
            }
            return model
        }
    }

    private static func model(at path: String, type: GGUFType, isRotary: Bool) throws -> [UInt8] {
        let model =
            isRotary
            ? DecoderConfiguration.llama(
                vocabularySize: 8, contextLength: 4, embeddingSize: 256, layerCount: 1,
                headCount: 64, keyValueHeadCount: 32, mlpSize: 32)
            : DecoderConfiguration.gpt2(
                vocabularySize: 8, contextLength: 4, embeddingSize: 8, layerCount: 1, headCount: 2)
        return try file(of: model, at: path, type: type)
    }

    private static func file(
        of model: DecoderConfiguration, at path: String, type: GGUFType = .float32
    ) throws -> [UInt8] {
        let values = [Float](repeating: 0.5, count: 256 * 256)
        try values.withUnsafeBufferPointer { values in
            let tensors = model.tensorShapes.map { name, shape in
                NamedTensor(
                    name: name, shape: shape,
                    values: UnsafeBufferPointer(rebasing: values[..<shape.reduce(1, *)]))
            }
            try GGUFModel.publish(
                model, tensors: tensors, tokenizer: CharacterTokenizer(text: "ab cdefg"),
                chatTemplate: "{{ messages }}", type: type, at: path, isReplacing: true)
        }
        return try FileReader.bytes(of: path)
    }
}
