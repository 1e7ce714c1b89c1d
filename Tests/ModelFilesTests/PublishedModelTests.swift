import Diagnostics
import Files
import Foundation
import JSON
import ModelFiles
import Models
import ReferenceModels
import TemporaryFolders
import Testing

/// Hugging Face directories as they are published: parts of larger models, doubled and rounded tensors,
/// older files.
@Suite struct PublishedModelTests {
    let folder: TemporaryFolder
    private let files: ModelDirectory
    private let tensors: [(name: String, shape: [Int], values: [Float])]

    /// A small Gemma 3 whose output layer is the embedding table.
    init() throws {
        folder = try TemporaryFolder()
        let reference = try #require(
            ReferenceModel.families.first { $0.name == "families/gemma3-sliding" })
        let files = try ModelDirectory(reading: reference.directory)
        self.files = files
        tensors = try files.model.tensorShapes.map { name, shape in
            var values = [Float](repeating: .nan, count: shape.reduce(1, *))
            try values.withUnsafeMutableBufferPointer {
                try files.readTensor(named: name, into: $0)
            }
            return (name, shape, values)
        }
        try FileManager.default.createDirectory(
            atPath: folder("m"), withIntermediateDirectories: false)
    }

    private func write(_ configuration: JSONValue) throws {
        try folder.put(Array(configuration.text().utf8), at: "m/config.json")
    }

    private func write(_ tensors: [(name: String, shape: [Int], values: [Float])]) throws {
        let layout = SafetensorsLayout(tensors.map { ($0.name, $0.shape) })
        var writer = try SafetensorsWriter(
            layout, into: FileWriter(path: folder("m/model.safetensors")))
        for tensor in tensors {
            try tensor.values.withUnsafeBufferPointer { try writer.append($0) }
        }
        try writer.finish()
    }

    private func expectTheModel() throws {
        let found = try ModelDirectory(reading: folder("m"))
        #expect(found.model.hasSizes(of: files.model))
        for (name, _, expected) in tensors {
            var values = [Float](repeating: .nan, count: expected.count)
            try values.withUnsafeMutableBufferPointer {
                try found.readTensor(named: name, into: $0)
            }
            #expect(values == expected, "\(name)")
        }
    }

    /// Both ways in which transformers has named the parts.
    @Test(arguments: [
        ("language_model.model.", "vision_tower."),
        ("model.language_model.", "model.vision_tower."),
    ])
    func theTextPartOfAModelOfImagesIsTaken(prefix: String, other: String) throws {
        let part = files.configuration.json
        let whole = JSONValue.object([
            "architectures": .array(["Gemma3ForConditionalGeneration"]), "model_type": "gemma3",
            "text_config": part, "eos_token_id": .array([.integer(1), .integer(6)]),
            "vision_config": .object(["hidden_size": .integer(4)]),
        ])
        try write(whole)
        let renamed = tensors.map { name, shape, values in
            (prefix + name.dropFirst("model.".count), shape, values)
        }
        try write(renamed + [(other + "encoder.weight", [2], [1, 2])])
        try expectTheModel()
        let note = try #require(try ModelPath(folder("m")).note)
        #expect(note.contains("gemma3") && note.contains("text part"))
    }

    @Test func aPartOfAnUnknownFamilyIsRefusedByName() throws {
        let part = JSONValue.object(["model_type": "gemma9_text"])
        try write(.object(["model_type": "gemma9", "text_config": part]))
        #expect(
            failureLine { _ = try ModelDirectory(reading: folder("m")) }.contains("gemma9_text"))
    }

    @Test func aCopyOfTheTableIsPassedOverAndAnotherHeadIsRefused() throws {
        try write(files.configuration.json)
        let table = try #require(tensors.first)
        try write(tensors + [("lm_head.weight", table.shape, table.values)])
        try expectTheModel()
        let other = table.values.map { $0 + 1 }
        try write(tensors + [("lm_head.weight", table.shape, other)])
        let line = failureLine { _ = try ModelDirectory(reading: folder("m")) }
        #expect(line.contains("lm_head.weight") && line.contains("tie_word_embeddings"), "\(line)")
    }

    @Test func doublesAreRounded() throws {
        let values: [Double] = [0.1, -1.0 / 3, 1e300, 2]
        let header = #"{"a":{"dtype":"F64","shape":[4],"data_offsets":[0,32]}}"#
        var bytes = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
        bytes += header.utf8
        for value in values { withUnsafeBytes(of: value) { bytes += $0 } }
        try folder.put(bytes, at: "a.safetensors")
        let file = try SafetensorsFile(path: folder("a.safetensors"))
        var found = [Float](repeating: 0, count: 2)
        try found.withUnsafeMutableBufferPointer { try file.readFloat32("a", 1..<3, into: $0) }
        #expect(found == [-1 / 3, .infinity])
    }

    @Test func picklesAreRefusedWithTheWayToConvertThem() throws {
        try write(files.configuration.json)
        try folder.put([0x80, 2], at: "m/pytorch_model.bin")
        let line = failureLine { _ = try ModelDirectory(reading: folder("m")) }
        #expect(line.contains("pytorch_model.bin") && line.contains("save_pretrained"), "\(line)")
    }
}
