import Diagnostics
import Files
import Foundation
import ModelFiles
import TemporaryFolders
import Testing

@Suite struct SafetensorsTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func floats(_ name: String, in file: SafetensorsFile) throws -> [Float] {
        var values = [Float](repeating: .nan, count: try #require(file[name]).elementCount)
        try values.withUnsafeMutableBufferPointer { try file.readFloat32(name, into: $0) }
        return values
    }

    private func write(_ tensors: [(String, [Int], [Float])], to name: String) throws {
        let layout = SafetensorsLayout(tensors.map { ($0.0, $0.1) })
        var writer = try SafetensorsWriter(layout, into: FileWriter(path: folder(name)))
        for tensor in tensors { try tensor.2.withUnsafeBufferPointer { try writer.append($0) } }
        try writer.finish()
    }

    @Test func writesTheBytesOfTheOfficialLibrary() throws {
        let matrix: [Float] = [0, 0.25, 0.5, 0.75, 1, 1.25]
        try write(
            [("empty", [0, 4], []), ("matrix", [2, 3], matrix), ("scalar", [], [1e-5])], to: "a")
        let official = try Data(contentsOf: URL(fileURLWithPath: fixture("floats.safetensors")))
        #expect(try folder.bytes("a") == Array(official))
    }

    @Test func readsTheTypesOfTheOfficialLibrary() throws {
        let file = try SafetensorsFile(path: fixture("types.safetensors"))
        #expect(file["bytes"]?.type == .uint8)
        #expect(file["int32"]?.type == .int32)
        #expect(file["int64"]?.shape == [2, 1])
        var bytes = [UInt8](repeating: 0, count: 16)
        try bytes.withUnsafeMutableBytes { try file.readBytes("int64", into: $0) }
        #expect(bytes == [UInt8](repeating: 255, count: 8) + [0, 0, 0, 0, 0, 1, 0, 0])
        let exact: [Float] = [0, -0.0, 1, -2.5, 6.1e-5, 5.9604645e-08, 65504, .infinity]
        #expect(try floats("float32", in: file) == exact)
    }

    /// The bits were printed by make.py: torch's own widening.
    @Test(
        arguments: [
            ("bfloat16", [0x3880_0000, 0x3380_0000, 0x4780_0000, 0x7F80_0000]),
            ("float16", [0x387F_C000, 0x3380_0000, 0x477F_E000, 0x7F80_0000]),
        ] as [(String, [UInt32])])
    func widensHalfPrecisionExactly(_ name: String, _ bits: [UInt32]) throws {
        let file = try SafetensorsFile(path: fixture("types.safetensors"))
        let first: [UInt32] = [0, 0x8000_0000, 0x3F80_0000, 0xC020_0000]
        #expect(try floats(name, in: file).map(\.bitPattern) == first + bits)
    }

    @Test func refusesToReadIntegersAsFloats() throws {
        let file = try SafetensorsFile(path: fixture("types.safetensors"))
        #expect(throws: Failure.self) { try floats("int32", in: file) }
    }

    @Test func readsBackWhatItWrote() throws {
        let values = (0..<1000).map { Float($0) * 0.37 - 100 } + [.nan, -.infinity, -0.0]
        try write([("z", [1003], values), ("a \"é\"", [1, 1, 1], [7])], to: "a")
        let file = try SafetensorsFile(path: folder("a"))
        #expect(file.metadata == ["format": "pt"])
        #expect(file.entries.map(\.name) == ["z", "a \"é\""])
        #expect(try floats("z", in: file).map(\.bitPattern) == values.map(\.bitPattern))
        #expect(try floats("a \"é\"", in: file) == [7])
        #expect(throws: Failure.self) { try file.readBytes("b", into: .init(start: nil, count: 0)) }
    }

    @Test(arguments: 1..<17)
    func dataIsAlignedToEightBytes(_ nameLength: Int) {
        let name = String(repeating: "x", count: nameLength)
        let layout = SafetensorsLayout([(name, [3])])
        #expect(layout.header.count % 8 == 0)
        #expect(layout.fileSize == layout.header.count + 12)
        #expect(layout.fileRange(of: layout.entries[0]).lowerBound == layout.header.count)
    }

    @Test func equalWeightsAreEqualFiles() throws {
        let tensors: [(String, [Int], [Float])] = [("b", [2], [1, 2]), ("a", [1], [3])]
        try write(tensors, to: "a")
        try write(tensors, to: "b")
        try write([("b", [2], [1, 2.0000002]), ("a", [1], [3])], to: "c")
        #expect(try folder.bytes("a") == folder.bytes("b"))
        #expect(try folder.bytes("a") != folder.bytes("c"))
    }

    @Test func fileWithoutTensorsIsValid() throws {
        try write([], to: "a")
        #expect(try SafetensorsFile(path: folder("a")).entries.isEmpty)
    }
}
