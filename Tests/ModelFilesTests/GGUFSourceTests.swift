import Diagnostics
import Files
import Foundation
import JSON
import ModelFiles
import Models
import TemporaryFolders
import Tensors
import Testing
import Tokenizers

/// GGUF files as models, against what gguf-py makes of the same bytes
/// (Tests/Fixtures/make_gguf_fixtures.py).
@Suite struct GGUFSourceTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private static let types = fixture("../gguf/types.gguf")

    private func values(_ source: GGUFSource, _ name: String) throws -> [UInt32] {
        let count = try #require(source.shape(ofTensor: name)).reduce(1, *)
        var values = [Float](repeating: .nan, count: count)
        try values.withUnsafeMutableBufferPointer { try source.readTensor(named: name, into: $0) }
        return values.map(\.bitPattern)
    }

    @Test func everyTypeIsReadToTheBit() throws {
        let source = try GGUFSource(reading: Self.types)
        let reference = try SafetensorsFile(path: fixture("../gguf/types.safetensors"))
        #expect(reference.entries.count == source.model.tensors.count)
        for tensor in source.model.tensors {
            let entry = try #require(reference[tensor.name])
            #expect(entry.shape == tensor.shape)
            var expected = [Float](repeating: 0, count: entry.elementCount)
            try expected.withUnsafeMutableBufferPointer {
                try reference.readFloat32(tensor.name, into: $0)
            }
            let found = try values(source, tensor.name)
            #expect(found == expected.map(\.bitPattern), "\(tensor.name)")
        }
        let read = Set(try GGUFReading(folderBytes(Self.types)).tensors.values.map(\.type))
        #expect(read == Set(GGUFType.allCases.map(\.rawValue)))
    }

    private func folderBytes(_ path: String) throws -> [UInt8] { try FileReader.bytes(of: path) }

    @Test func theMetadataIsTheConfiguration() throws {
        let source = try GGUFSource(reading: Self.types)
        let expected = DecoderConfiguration.llama(
            vocabularySize: 11, contextLength: 16, embeddingSize: 256, layerCount: 2,
            headCount: 2, keyValueHeadCount: 1, headSize: 8, mlpSize: 32,
            positions: RotaryPositions(theta: 50_000), isTied: false)
        #expect(source.model == expected)
        #expect(source.configuration.endOfTextIDs == [2])
        #expect(source.configuration.beginningOfTextID == 1)
        #expect(try source.metadata.text("general.name") == "Types")
    }

    @Test func versionTwoIsReadToo() throws {
        var bytes = try folderBytes(Self.types)
        bytes[4] = 2
        try folder.put(bytes, at: "two.gguf")
        let two = try GGUFSource(reading: folder("two.gguf"))
        let three = try GGUFSource(reading: Self.types)
        let name = "model.layers.1.mlp.up_proj.weight"
        #expect(try values(two, name) == values(three, name))
    }

    // MARK: What this program writes

    /// Writes a model of these values.
    private func publish(
        _ model: DecoderConfiguration, _ made: [[Float]], type: GGUFType = .float32
    ) throws {
        let all = made.flatMap { $0 }
        try all.withUnsafeBufferPointer { all in
            var (start, tensors) = (0, [NamedTensor]())
            for (shape, values) in zip(model.tensorShapes, made) {
                let part = UnsafeBufferPointer(rebasing: all[start..<start + values.count])
                tensors.append(NamedTensor(name: shape.name, shape: shape.shape, values: part))
                start += values.count
            }
            try GGUFModel.publish(
                model, tensors: tensors, tokenizer: CharacterTokenizer(text: "ab c\n"), type: type,
                at: folder("m.gguf"), isReplacing: true)
        }
    }

    private func export(_ model: DecoderConfiguration, type: GGUFType = .float32) throws
        -> [String: [Float]]
    {
        var made: [[Float]] = []
        for (seed, tensor) in model.tensorShapes.enumerated() {
            let count = tensor.shape.reduce(1, *)
            made.append((0..<count).map { Float((($0 + seed) * 37) % 4001 - 2000) / 8 })
        }
        try publish(model, made, type: type)
        return Dictionary(uniqueKeysWithValues: zip(model.tensorShapes.map(\.name), made))
    }

    @Test(arguments: [GGUFTests.gpt2, GGUFTests.llama], [GGUFType.float32, .float16])
    func whatWasExportedComesBack(_ model: DecoderConfiguration, _ type: GGUFType) throws {
        let tensors = try export(model, type: type)
        let source = try GGUFSource(reading: folder("m.gguf"))
        #expect(source.model.hasSizes(of: model), "\(source.model) against \(model)")
        for (name, expected) in tensors {
            #expect(try values(source, name) == expected.map(\.bitPattern), "\(name)")
        }
    }

    @Test(arguments: [
        RopeScaling(
            factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 8192),
        RopeScaling(
            factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 48),
    ])
    func theScalingOfLlama3IsFoundInItsFactors(_ scaling: RopeScaling) throws {
        let positions = RotaryPositions(theta: 500_000, scaling: .llama3(scaling))
        let model = DecoderConfiguration.llama(
            vocabularySize: 11, contextLength: 64, embeddingSize: 64, layerCount: 1, headCount: 1,
            mlpSize: 8, positions: positions)
        _ = try export(model)
        let read = try GGUFSource(reading: folder("m.gguf")).model
        guard case .rotary(let found) = read.positions else {
            Issue.record("no rotary positions")
            return
        }
        for (own, expected) in zip(
            found.frequencies(headSize: 64), positions.frequencies(headSize: 64))
        {
            #expect(abs(own / expected - 1) < 1e-4)
        }
        guard case .llama3(let llama3) = found.scaling else {
            Issue.record("found \(found)")
            return
        }
        #expect(llama3.factor == scaling.factor)
    }

    @Test func anOutputLayerThatIsTheTableIsTied() throws {
        let model = DecoderConfiguration.llama(
            vocabularySize: 11, contextLength: 64, embeddingSize: 64, layerCount: 1, headCount: 1,
            mlpSize: 8, isTied: false)
        try publish(
            model,
            model.tensorShapes.map { [Float](repeating: 0.5, count: $0.shape.reduce(1, *)) })
        #expect(try GGUFSource(reading: folder("m.gguf")).model.isTied)
    }
}
