import Diagnostics
import Files
import Glibc
import JSON
import ModelFiles
import Models
import Tensors
import Tokenizers

/// The files of a model directory.
extension FuzzTarget {
    static let safetensors = FuzzTarget(
        name: "safetensors", file: "model.safetensors",
        prepare: { folder in
            try prepareModel(folder)
            return []
        },
        repair: { bytes in
            // The length of the header: up to the last brace before the data.
            guard let end = bytes.prefix(1 << 16).lastIndex(of: UInt8(ascii: "}")), end > 8 else {
                return bytes
            }
            let size = UInt64(end - 7)
            return (0..<8).map { UInt8(truncatingIfNeeded: size >> UInt64(8 * $0)) }
                + bytes.dropFirst(8)
        },
        read: { folder in
            let file = try SafetensorsFile(path: folder + "/model.safetensors")
            for entry in file.entries where entry.type.isReadableAsFloat {
                try readFloats(count: entry.elementCount) {
                    try file.readFloat32(entry.name, into: $0)
                }
            }
            try readModel(folder)
        })

    static let configuration = FuzzTarget(
        name: "config", file: "config.json",
        prepare: { folder in
            try prepareModel(folder)
            return []
        },
        read: readModel)

    static let index = FuzzTarget(
        name: "index", file: "model.safetensors.index.json",
        prepare: { folder in
            try prepareModel(folder)
            let names = try SafetensorsFile(path: folder + "/model.safetensors").entries.map(\.name)
            try SystemCall.check("cannot rename", at: folder) {
                rename(folder + "/model.safetensors", folder + "/part.safetensors")
            }
            let map = Dictionary(
                uniqueKeysWithValues: names.map { ($0, JSONValue.string("part.safetensors")) })
            let json = JSONValue.object(["weight_map": .object(map)])
            try write(json.rendered(.compact), folder, "model.safetensors.index.json")
            return []
        },
        read: readModel)

    static let manifest = FuzzTarget(
        name: "manifest", file: "manifest.json",
        prepare: { folder in
            try prepareModel(folder)
            try Manifest.write(in: folder)
            return []
        },
        read: { try Manifest.verify($0) })

    static let adapter = FuzzTarget(
        name: "adapter", file: "adapter_config.json",
        prepare: { folder in
            try prepareModel(folder)
            let model = try ModelDirectory(reading: folder).model
            var lora = LoRAConfiguration()
            lora.rank = 2
            let plan = try ParameterPlan(lora: lora, of: model)
            let made = LanguageModel(model, device: Device(threadCount: 1), plan: plan)
            let tensors = made.parameters.named(
                made.parameters.values, of: made.addedParameters
            ).map {
                NamedTensor(
                    name: AdapterDirectory.prefix + $0.name, shape: $0.shape, values: $0.values)
            }
            try SafetensorsWriter.write(tensors, to: "\(folder)/\(AdapterDirectory.weightsName)")
            let json = try AdapterConfiguration(lora: lora, basePath: folder).json(for: model)
            try write(json.rendered(.compact), folder, AdapterConfiguration.fileName)
            var other = AdapterConfiguration(lora: lora, basePath: folder)
            other.excluded = .expression(".*mlp.*")
            other.layers = [0]
            other.ranks = ModuleValues([.init("c_(attn|fc)", 1)])
            other.savedModules = ["ln_f"]
            other.bias = .all
            return [try other.json(for: model).rendered(.compact)]
        },
        read: { folder in
            let adapter = try AdapterDirectory(reading: folder)
            let configuration = try ModelDirectory(reading: adapter.basePath()).model
            let model = LanguageModel(
                configuration, device: Device(threadCount: 1),
                plan: try adapter.plan(for: configuration))
            try adapter.read(into: model)
        })

    private static func prepareModel(_ folder: String) throws {
        let model = DecoderConfiguration.gpt2(
            vocabularySize: 8, contextLength: 4, embeddingSize: 4, layerCount: 1, headCount: 1,
            dropoutRate: 0)
        let values = [Float](repeating: 0.5, count: 4 * 16)
        try values.withUnsafeBufferPointer { values in
            let tensors = model.tensorShapes.map { name, shape in
                NamedTensor(
                    name: name, shape: shape,
                    values: UnsafeBufferPointer(rebasing: values[..<shape.reduce(1, *)]))
            }
            try ModelDirectory.write(
                HuggingFaceConfiguration(model: model, endOfTextIDs: []), tensors: tensors,
                tokenizerJSON: CharacterTokenizer(text: "abcdefgh").tokenizerJSON, into: folder)
        }
    }

    private static func readModel(_ folder: String) throws {
        let directory = try ModelDirectory(reading: folder)
        for (name, shape) in directory.model.tensorShapes {
            try readFloats(count: shape.reduce(1, *)) {
                try directory.readTensor(named: name, into: $0)
            }
        }
    }

    private static func readFloats(
        count: Int, _ read: (UnsafeMutableBufferPointer<Float>) throws -> Void
    ) throws {
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
        defer { buffer.deallocate() }
        try read(buffer)
    }
}
