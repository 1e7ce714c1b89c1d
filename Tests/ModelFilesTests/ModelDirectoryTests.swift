import Diagnostics
import Files
import Foundation
import JSON
import ModelFiles
import Models
import TemporaryFolders
import Tensors
import Testing

@Suite struct ModelDirectoryTests {
    typealias Tensor = (name: String, shape: [Int], values: [Float])

    let folder: TemporaryFolder
    let configuration = HuggingFaceConfiguration(
        model: .gpt2(
            vocabularySize: 7, contextLength: 4, embeddingSize: 4, layerCount: 2,
            headCount: 2),
        endOfTextIDs: [6])

    init() throws { folder = try TemporaryFolder() }

    /// Every value differs from every other.
    private var tensors: [Tensor] {
        var next: Float = 0
        return configuration.model.tensorShapes.map { name, shape in
            let values = (0..<shape.reduce(1, *)).map { Float($0) + next }
            next += Float(values.count)
            return (name, shape, values)
        }
    }

    private func write(_ tensors: [Tensor], to path: String) throws {
        let layout = SafetensorsLayout(tensors.map { ($0.name, $0.shape) })
        var writer = try SafetensorsWriter(layout, into: FileWriter(path: path))
        for tensor in tensors {
            try tensor.values.withUnsafeBufferPointer { try writer.append($0) }
        }
        try writer.finish()
    }

    private func makeDirectory(_ name: String) throws {
        try FileManager.default.createDirectory(
            atPath: folder(name), withIntermediateDirectories: false)
        let text = configuration.json.text(isPretty: true)
        try folder.put(Array(text.utf8), at: "\(name)/config.json")
    }

    /// Lends the values of every tensor at once.
    private func withNamedTensors(_ body: ([NamedTensor]) throws -> Void) rethrows {
        let tensors = tensors
        let values = tensors.flatMap(\.values)
        try values.withUnsafeBufferPointer { all in
            var start = 0
            let named = tensors.map { tensor in
                defer { start += tensor.values.count }
                let part = all[start..<start + tensor.values.count]
                return NamedTensor(
                    name: tensor.name, shape: tensor.shape,
                    values: UnsafeBufferPointer(rebasing: part))
            }
            try body(named)
        }
    }

    private func expectTensors(of directory: ModelDirectory) throws {
        for tensor in tensors {
            var values = [Float](repeating: .nan, count: tensor.values.count)
            try values.withUnsafeMutableBufferPointer {
                try directory.readTensor(named: tensor.name, into: $0)
            }
            #expect(values == tensor.values, "\(tensor.name)")
        }
    }

    @Test func readsBackWhatItPublished() throws {
        try withNamedTensors { tensors in
            try ModelDirectory.publish(
                configuration, tensors: tensors, tokenizerJSON: [1, 2],
                tokenizerConfigurationJSON: [3], at: folder("m"))
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder("m")).sorted()
        #expect(
            names == [
                "config.json", "manifest.json", "model.safetensors", "tokenizer.json",
                "tokenizer_config.json",
            ])
        try Manifest.verify(folder("m"))
        let directory = try ModelDirectory(reading: folder("m"))
        #expect(directory.configuration == configuration)
        #expect(try directory.tokenizerJSON() == [1, 2])
        #expect(try folder.bytes("m/tokenizer_config.json") == [3])
        try expectTensors(of: directory)
    }

    @Test func equalModelsAreEqualFiles() throws {
        try withNamedTensors { tensors in
            for name in ["a", "b"] {
                try ModelDirectory.publish(configuration, tensors: tensors, at: folder(name))
            }
        }
        #expect(try folder.bytes("a/manifest.json") == folder.bytes("b/manifest.json"))
    }

    @Test func tensorShapesCountAllParametersOfGPT2() {
        let model = DecoderConfiguration.gpt2(
            vocabularySize: 50257, contextLength: 1024, embeddingSize: 768, layerCount: 12,
            headCount: 12)
        let count = model.tensorShapes.reduce(0) { $0 + $1.shape.reduce(1, *) }
        #expect(count == 124_439_808)
        #expect(model.tensorShapes.count == 148)
    }

    @Test func readsOldFilesWithoutPrefixAndWithMasks() throws {
        try makeDirectory("m")
        let old = tensors.map { tensor in
            (name: String(tensor.name.dropFirst("transformer.".count)), tensor.shape, tensor.values)
        }
        let more: [Tensor] = [
            ("h.0.attn.bias", [1, 1, 2, 2], [1, 0, 1, 1]), ("h.1.attn.masked_bias", [], [-10000]),
            ("lm_head.weight", tensors[0].shape, tensors[0].values),
        ]
        try write(old.reversed() + more, to: folder("m/model.safetensors"))
        try expectTensors(of: try ModelDirectory(reading: folder("m")))
    }

    @Test func readsShards() throws {
        try makeDirectory("m")
        let shards = ["one": tensors.prefix(9), "two": tensors.dropFirst(9)]
        var map: [String: JSONValue] = [:]
        for (file, part) in shards {
            try write(Array(part), to: folder("m/\(file).safetensors"))
            for tensor in part { map[tensor.name] = .string("\(file).safetensors") }
        }
        let index = JSONValue.object(["metadata": .object([:]), "weight_map": .object(map)])
        let name = "m/model.safetensors.index.json"
        try folder.put(Array(index.text(isPretty: true).utf8), at: name)
        try expectTensors(of: try ModelDirectory(reading: folder("m")))

        map["transformer.wte.weight"] = .string("two.safetensors")
        let wrong = JSONValue.object(["weight_map": .object(map)])
        try folder.put(Array(wrong.text(isPretty: true).utf8), at: name)
        #expect {
            try ModelDirectory(reading: folder("m"))
        } throws: { error in
            (error as? Failure)?.what
                == "the tensor transformer.wte.weight is missing from its file"
        }
    }

    @Test(arguments: ["{}", "{\"weight_map\": {}}", "{\"weight_map\": {\"a\": \"../x\"}}"])
    func refusesAnInvalidIndex(_ text: String) throws {
        try makeDirectory("m")
        try folder.put(Array(text.utf8), at: "m/model.safetensors.index.json")
        #expect(throws: Failure.self) { try ModelDirectory(reading: folder("m")) }
    }

    @Test func listsEveryMissingUnknownAndUnsuitableTensor() throws {
        try makeDirectory("m")
        var tensors = tensors
        tensors.removeFirst(2)
        tensors.append(("score.weight", [1], [0]))
        let index = try #require(tensors.firstIndex { $0.name == "transformer.h.1.ln_2.bias" })
        tensors[index].shape = [2, 2]
        try write(tensors, to: folder("m/model.safetensors"))
        #expect {
            try ModelDirectory(reading: folder("m"))
        } throws: { error in
            (error as? Failure)?.got
                == "missing transformer.wte.weight, transformer.wpe.weight; "
                + "unknown score.weight; "
                + "unsuitable transformer.h.1.ln_2.bias (expected [4], got [2, 2])"
        }
    }

    @Test func sameTensorWithAndWithoutPrefixIsRefused() throws {
        try makeDirectory("m")
        try write(
            tensors + [("ln_f.bias", [4], [0, 0, 0, 0])], to: folder("m/model.safetensors"))
        #expect(throws: Failure.self) { try ModelDirectory(reading: folder("m")) }
    }

    @Test func directoryWithoutWeightsTellsWhatToDo() throws {
        try makeDirectory("m")
        #expect {
            try ModelDirectory(reading: folder("m"))
        } throws: { error in
            (error as? Failure)?.what == "the directory holds no weights"
        }
    }
}
