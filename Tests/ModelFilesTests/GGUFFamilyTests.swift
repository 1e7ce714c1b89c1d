import Foundation
import ModelFiles
import Models
import ReferenceModels
import TemporaryFolders
import Testing
import Tokenizers

/// Models of all families as GGUF files, and back.
@Suite struct GGUFFamilyTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    /// Those of which llama.cpp's files of their family tell all; the others have windows, biases or
    /// positions of which they tell nothing, or are of families that are not written.
    private static let told = ReferenceModel.families.filter { names.contains($0.name) }
    private static let untold = ReferenceModel.families.filter { !names.contains($0.name) }
    private static let names = Set(
        [
            "gemma-grouped", "gemma-one-key-head", "gemma-wide", "gpt2-untied", "llama-biased",
            "llama-linear", "mistral-grouped", "mistral-wide-heads", "olmo2-grouped",
            "qwen2-grouped", "qwen2-untied", "qwen3-grouped", "smollm3-grouped",
        ].map { "families/\($0)" })

    private static func family(_ name: String) throws -> ReferenceModel {
        try #require(ReferenceModel.families.first { $0.name == "families/\(name)" })
    }

    private func tensors(_ files: ModelDirectory) throws -> [(name: String, values: [Float])] {
        try files.model.tensors.map { tensor in
            var values = [Float](repeating: .nan, count: tensor.shape.reduce(1, *))
            try values.withUnsafeMutableBufferPointer {
                try files.readTensor(named: tensor.name, into: $0)
            }
            return (tensor.name, values)
        }
    }

    private func export(_ reference: ReferenceModel) throws -> [(name: String, values: [Float])] {
        let files = try ModelDirectory(reading: reference.directory)
        let made = try tensors(files)
        try publish(files.model, made.map(\.values))
        return made
    }

    private func publish(_ model: DecoderConfiguration, _ values: [[Float]]) throws {
        try values.flatMap { $0 }.withUnsafeBufferPointer { all in
            var start = 0
            let tensors = model.tensorShapes.map { name, shape in
                let range = start..<start + shape.reduce(1, *)
                start = range.upperBound
                return NamedTensor(
                    name: name, shape: shape, values: UnsafeBufferPointer(rebasing: all[range]))
            }
            try GGUFModel.publish(
                model, tensors: tensors, tokenizer: CharacterTokenizer(text: "ab c\n"),
                type: .float32, at: folder("m.gguf"))
        }
    }

    @Test func fixturesAreThere() {
        #expect(Self.told.count == Self.names.count && Self.untold.count > 10)
    }

    @Test(arguments: told)
    func theSameModelComesBack(_ reference: ReferenceModel) throws {
        let tensors = try export(reference)
        let model = try ModelDirectory(reading: reference.directory).model
        let source = try GGUFSource(reading: folder("m.gguf"))
        #expect(source.model.tensors.map(\.name) == model.tensors.map(\.name))
        for (name, expected) in tensors {
            let tensor = try #require(source.tensor(named: name))
            var found = [Float](repeating: .nan, count: expected.count)
            try found.withUnsafeMutableBufferPointer {
                try source.readTensor(named: name, into: $0)
            }
            // What a file holds beyond the model costs the last bits.
            let shifted = expected.map { ($0 + model.gainOffset) - model.gainOffset }
            #expect(found == (tensor.module.isNorm ? shifted : expected), "\(name)")
        }
    }

    @Test func gemmasGainsAreWhole() throws {
        let reference = try Self.family("gemma-grouped")
        let tensors = try export(reference)
        let file = GGUFReading(try folder.bytes("m.gguf"))
        let gains = try #require(tensors.first { $0.name == "model.norm.weight" })
        #expect(file.values("output_norm.weight") == gains.values.map { $0 + 1 })
        #expect(file.metadata["gemma.attention.key_length"] as? UInt32 == 4)
    }

    /// llama.cpp finds no output layer in an OLMo 2 that has none.
    @Test func anOutputLayerIsWrittenWhereLlamaCppWantsOne() throws {
        let model = try #require(ModelPreset(rawValue: "olmo2-nano")).configuration(
            vocabularySize: 11)
        let values = model.tensors.map { [Float](repeating: 0.5, count: $0.shape.reduce(1, *)) }
        try publish(model, values)
        #expect(GGUFReading(try folder.bytes("m.gguf")).names.contains("output.weight"))
        #expect(try GGUFSource(reading: folder("m.gguf")).model.isTied)
    }

    @Test func mistralsFilesAreThoseOfLlama() throws {
        _ = try export(Self.family("mistral-grouped"))
        let file = GGUFReading(try folder.bytes("m.gguf"))
        #expect(file.metadata["general.architecture"] as? String == "llama")
    }

    @Test(arguments: untold)
    func featuresThatNoFileTellsAreRefused(_ reference: ReferenceModel) throws {
        let line = failureLine { _ = try export(reference) }
        #expect(line.contains("is not written as GGUF"), "\(line)")
        #expect(!FileManager.default.fileExists(atPath: folder("m.gguf")))
    }
}
