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

    /// Those of which llama.cpp's files of their family tell all; the others have biases, layers, bounds or
    /// positions of which they tell nothing.
    private static let told = ReferenceModel.families.filter { names.contains($0.name) }
    private static let untold = ReferenceModel.families.filter { !names.contains($0.name) }
    private static let names = Set(
        [
            "gemma-grouped", "gemma-wide", "gemma3-sliding",
            "gptneox-parallel", "gpt2-untied", "llama-biased", "llama-linear", "llama-longrope",
            "mistral-grouped", "mistral-sliding", "mistral-wide-heads", "olmo2-grouped",
            "olmo2-yarn", "phi3-grouped", "phi3-long", "phi3-short", "qwen2-grouped",
            "qwen2-sliding", "qwen2-untied", "qwen3-grouped", "qwen3-sliding", "smollm3-grouped",
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

    private func export(
        _ reference: ReferenceModel, isReplacing: Bool = false
    ) throws -> [(name: String, values: [Float])] {
        let files = try ModelDirectory(reading: reference.directory)
        let made = try tensors(files)
        try publish(files.model, made.map(\.values), isReplacing: isReplacing)
        return made
    }

    private func publish(
        _ model: DecoderConfiguration, _ values: [[Float]], isReplacing: Bool = false
    ) throws {
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
                type: .float32, at: folder("m.gguf"), isReplacing: isReplacing)
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
        #expect(source.model.sliding == model.sliding)
        #expect(source.model.scoreDivisor == model.scoreDivisor)
        #expect(source.model.activation == model.activation)
        try expectEqualTurns(source.model, model)
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

    /// Positions turn alike in short and in long sequences.
    private func expectEqualTurns(
        _ found: DecoderConfiguration, _ model: DecoderConfiguration
    ) throws {
        guard case .rotary(let own) = found.positions, case .rotary(let expected) = model.positions
        else {
            #expect(found.positions == model.positions)
            return
        }
        for length in [1, model.contextLength] {
            #expect(
                own.frequencies(headSize: found.headSize, length: length)
                    == expected.frequencies(headSize: model.headSize, length: length))
        }
        let length = model.contextLength
        #expect(
            own.amplitude(contextLength: length) == expected.amplitude(contextLength: length))
        #expect(own.shortLength == expected.shortLength)
    }

    /// The presets of this project, one of each family and more.
    @Test(arguments: [
        "gpt2-nano", "llama-nano", "mistral-nano", "qwen2-nano", "qwen3-nano", "smollm3-nano",
        "olmo2-nano", "gemma-nano", "gemma-2-nano", "gemma-3-nano", "phi-3-nano", "pythia-nano",
    ])
    func presetsComeBack(_ name: String) throws {
        var model = try #require(ModelPreset(rawValue: name)).configuration(vocabularySize: 11)
        let values = model.tensors.enumerated().map { seed, tensor in
            (0..<tensor.shape.reduce(1, *)).map { Float(($0 + seed) % 251) / 8 }
        }
        try publish(model, values)
        model.dropoutRate = 0
        let source = try GGUFSource(reading: folder("m.gguf"))
        #expect(source.model.hasSizes(of: model), "\(source.model) against \(model)")
        for (tensor, expected) in zip(source.model.tensors, values) {
            var found = [Float](repeating: .nan, count: expected.count)
            try found.withUnsafeMutableBufferPointer {
                try source.readTensor(named: tensor.name, into: $0)
            }
            #expect(found == expected, "\(tensor.name)")
        }
    }

    /// What llama.cpp reads: which layers see a window, by a period or by flags, and both bases.
    @Test func windowsHaveTheirKeys() throws {
        _ = try export(Self.family("gemma3-sliding"))
        let gemma = GGUFReading(try folder.bytes("m.gguf")).metadata
        #expect(gemma["gemma3.attention.sliding_window"] as? UInt32 == 4)
        #expect(gemma["gemma3.attention.sliding_window_pattern"] == nil)
        #expect(gemma["gemma3.rope.freq_base_swa"] as? Float == 10_000)
        _ = try export(Self.family("qwen2-sliding"), isReplacing: true)
        let qwen = GGUFReading(try folder.bytes("m.gguf")).metadata
        let flags = qwen["qwen2.attention.sliding_window_pattern"] as? [Any]
        #expect(flags?.compactMap { $0 as? Bool } == [false, true, true])
    }

    @Test func aPeriodOfItsOwnIsWritten() throws {
        var model = try #require(ModelPreset(rawValue: "gemma-3-nano")).configuration(
            vocabularySize: 11)
        let values = model.tensors.map { [Float](repeating: 0.5, count: $0.shape.reduce(1, *)) }
        model.sliding?.layers = LayerPattern([true, true, false])
        try publish(model, values)
        let metadata = GGUFReading(try folder.bytes("m.gguf")).metadata
        #expect(metadata["gemma3.attention.sliding_window_pattern"] as? UInt32 == 3)
        #expect(try GGUFSource(reading: folder("m.gguf")).model.sliding == model.sliding)
        model.sliding?.layers = LayerPattern([true, false, false])
        let line = failureLine { try publish(model, values) }
        #expect(line.contains("layer_types"), "\(line)")
    }

    /// Scores of the largest Gemmas are divided by the root of width / heads.
    @Test(arguments: [("gemma-2-nano", 46), ("gemma-3-nano", 62)])
    func theLargestGemmaDividesByItsWidth(_ preset: String, layerCount: Int) throws {
        var model = try #require(ModelPreset(rawValue: preset)).configuration(vocabularySize: 11)
        (model.layerCount, model.scoreDivisor) = (layerCount, 12)
        let values = model.tensors.map { [Float](repeating: 0.5, count: $0.shape.reduce(1, *)) }
        try publish(model, values)
        #expect(try GGUFSource(reading: folder("m.gguf")).model.scoreDivisor == 12)
        model.scoreDivisor = nil
        let line = failureLine { try publish(model, values) }
        #expect(line.contains("query_pre_attn_scalar"), "\(line)")
    }

    /// What one file holds by heads the other holds by kinds (llama.cpp's converter of GPT-NeoX).
    @Test func headsThatLieTogetherAreTakenApart() throws {
        let tensors = try export(Self.family("gptneox-parallel"))
        let name = "gpt_neox.layers.0.attention.query_key_value.bias"
        let bias = try #require(tensors.first { $0.name == name }).values
        let file = GGUFReading(try folder.bytes("m.gguf"))
        // Three heads of 8: the keys of the second head.
        let found = try #require(file.values("blk.0.attn_qkv.bias"))
        #expect(Array(found[32..<40]) == Array(bias[32..<40]))
        #expect(Array(found[8..<16]) == Array(bias[24..<32]))
    }

    /// Files that tell half of a feature, or one that is not known.
    @Test(arguments: [
        ("phi3-long", "rope_factors_short", "rope_factors_shorX", "rope_factors_long"),
        ("phi3-long", "longrope", "lungrope", "phi3.rope.scaling.type"),
        ("olmo2-yarn", "olmo2.rope.scaling.factor", "olmo2.rope.scaling.fuctor", "factor"),
        ("qwen2-sliding", "sliding_window_pattern", "sliding_window_puttern", "puttern"),
        ("gemma3-sliding", "rope.freq_base_swa", "rope.freq_base_swb", "freq_base_swb"),
    ])
    func featuresThatAreNotWholeAreRefused(
        _ name: String, _ old: String, _ new: String, _ expected: String
    ) throws {
        _ = try export(Self.family(name))
        var bytes = try folder.bytes("m.gguf")
        let place = try #require(
            bytes.indices.first { bytes[$0...].starts(with: old.utf8) }, "\(old)")
        bytes.replaceSubrange(place..<place + old.utf8.count, with: new.utf8)
        try folder.put(bytes, at: "m.gguf")
        let line = failureLine { _ = try GGUFSource(reading: folder("m.gguf")) }
        #expect(line.contains(expected), "\(line)")
    }

    @Test func whatLlamaCppComputesOtherwiseIsTold() throws {
        func notes(_ name: String) throws -> String {
            let preset = try #require(ModelPreset(rawValue: name))
            return try GGUFModel.notes(
                on: preset.configuration(vocabularySize: 11), CharacterTokenizer(text: "ab c\n")
            ).joined()
        }
        #expect(try notes("mistral-nano").contains("more than 32 tokens"))
        #expect(try notes("pythia-nano").contains("GELU"))
        #expect(try notes("gemma-3-nano").isEmpty && notes("llama-nano").isEmpty)
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

    /// llama.cpp takes the table as output layer of these, whatever else a file holds.
    @Test(arguments: ["gemma-nano", "gemma-2-nano"])
    func anOutputLayerOfItsOwnIsRefusedWhereLlamaCppTakesNone(_ preset: String) throws {
        var model = try #require(ModelPreset(rawValue: preset)).configuration(vocabularySize: 11)
        model.isTied = false
        let values = model.tensors.map { [Float](repeating: 0.5, count: $0.shape.reduce(1, *)) }
        let line = failureLine { try publish(model, values) }
        #expect(line.contains("tie_word_embeddings"), "\(line)")
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
