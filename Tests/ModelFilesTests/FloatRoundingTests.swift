import Diagnostics
import Files
import Foundation
import ModelFiles
import Models
import TemporaryFolders
import Testing

/// Weights that are stored in two bytes, and in shards.
@Suite struct FloatRoundingTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private func written(_ values: [Float], as type: SafetensorsType) throws -> [Float] {
        try values.withUnsafeBufferPointer { values in
            try SafetensorsWriter.write(
                [NamedTensor(name: "a", shape: [values.count], values: values)], type: type,
                to: folder("a.safetensors"))
        }
        let file = try SafetensorsFile(path: folder("a.safetensors"))
        #expect(file["a"]?.type == type)
        var read = [Float](repeating: 0, count: values.count)
        try read.withUnsafeMutableBufferPointer { try file.readFloat32("a", into: $0) }
        return read
    }

    /// Neighbours of 1 are 2^-7 apart above it, in BF16.
    @Test func bfloat16RoundsToTheNearestAndHalvesToTheEven() throws {
        let step: Float = 0x1p-7
        let values: [Float] = [
            1, 1 + step / 2, 1 + 3 * step / 2, 1 + step / 2 + 0x1p-23, 1 + step / 2 - 0x1p-23,
            -1 - 3 * step / 2, 0, -0.0, .infinity, 0x1.FEp127,
        ]
        let expected: [Float] = [
            1, 1, 1 + 2 * step, 1 + step, 1, -1 - 2 * step, 0, -0.0, .infinity, 0x1.FEp127,
        ]
        let rounded = try written(values, as: .bfloat16)
        #expect(rounded.map(\.bitPattern) == expected.map(\.bitPattern))
        #expect(try written([.nan, -.nan], as: .bfloat16).allSatisfy(\.isNaN))
        #expect {
            try written([1, .greatestFiniteMagnitude], as: .bfloat16)
        } throws: { error in
            (error as? Failure)?.what.hasSuffix("does not fit BF16") == true
        }
    }

    /// More values than are rounded at a time.
    @Test(arguments: [SafetensorsType.float32, .bfloat16, .float16])
    func exactValuesStayInEveryType(_ type: SafetensorsType) throws {
        let values = (0..<70_001).map { Float($0 % 257 - 128) }
        #expect(try written(values, as: type) == values)
    }

    @Test func float16KeepsSubnormalsAndRefusesWhatIsTooLarge() throws {
        let values: [Float] = [0x1p-24, 0x1.8p-25, 0x1p-26, 65504, -65519, .infinity]
        #expect(
            try written(values, as: .float16) == [0x1p-24, 0x1p-24, 0, 65504, -65504, .infinity])
        let line = failureLine { _ = try written([1, 65520], as: .float16) }
        #expect(line.contains("the tensor a does not fit F16"), "\(line)")
        #expect(line.contains("65520"))
    }

    @Test func everyFloat16ComesBack() {
        for bits in UInt16.min...UInt16.max where bits & 0x7FFF <= 0x7C00 {
            #expect(HalfPrecision.bits(HalfPrecision.float(bits)) == bits)
        }
        #expect(HalfPrecision.bits(HalfPrecision.float(0x7C01)) & 0x7FFF == 0x7E00)
    }

    /// A shard ends before the tensor that would make it too large; a larger one stands alone.
    @Test(arguments: [(nil, 1), (4 * 1 << 20, 1), (600, 7), (1, 16)] as [(Int?, Int)])
    func shardsHoldAllTensorsAndNoMoreThanTheirSize(_ size: Int?, count: Int) throws {
        let configuration = HuggingFaceConfiguration(
            model: .gpt2(
                vocabularySize: 7, contextLength: 4, embeddingSize: 8, layerCount: 1,
                headCount: 2), endOfTextIDs: [])
        let shapes = configuration.model.tensorShapes
        let longest = shapes.map { $0.shape.reduce(1, *) }.max() ?? 0
        let values = (0..<longest + shapes.count).map { Float($0) }
        try values.withUnsafeBufferPointer { values in
            let tensors = shapes.enumerated().map { index, shape in
                let part = values[index..<index + shape.shape.reduce(1, *)]
                return NamedTensor(
                    name: shape.name, shape: shape.shape,
                    values: UnsafeBufferPointer(rebasing: part))
            }
            try ModelDirectory.publish(
                configuration, tensors: tensors, weights: WeightStorage(shardSize: size),
                at: folder("m"))
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder("m"))
            .filter { $0.hasSuffix(".safetensors") }
        #expect(names.count == count && (count > 1 || names == ["model.safetensors"]))
        for name in names {
            let file = try SafetensorsFile(path: folder("m/\(name)"))
            let bytes = file.entries.reduce(0) { $0 + $1.range.count }
            #expect(file.entries.count == 1 || bytes <= size ?? .max)
            #expect(!file.entries.isEmpty)
        }
        let directory = try ModelDirectory(reading: folder("m"))
        for (index, shape) in shapes.enumerated() {
            var read = [Float](repeating: .nan, count: shape.shape.reduce(1, *))
            try read.withUnsafeMutableBufferPointer {
                try directory.readTensor(named: shape.name, into: $0)
            }
            #expect(read == read.indices.map { Float(index + $0) })
        }
    }
}
