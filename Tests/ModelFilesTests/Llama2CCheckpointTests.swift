import Diagnostics
import ModelFiles
import TemporaryFolders
import Testing

@Suite struct Llama2CCheckpointTests {
    /// Width, feed-forward width, layers, heads, heads of keys, vocabulary, context.
    static let sizes: [Int32] = [8, 12, 2, 2, 1, 5, 3]

    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private static func bytes(_ header: [Int32], floats: Int) -> [UInt8] {
        let values = (0..<floats).map { Float($0).bitPattern }
        return (header.map { UInt32(bitPattern: $0) } + values).flatMap { word in
            (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
        }
    }

    /// Floats behind the header of `sizes`: embedding, norms, four projections, three of the
    /// feed-forward part, the last norm, and the angles.
    private static let tiedCount: Int =
        5 * 8 + 2 * (8 + 8) + 2 * (64 + 32 + 32 + 64) + 2 * 3 * 96 + 8 + 3 * 4

    private func open(_ bytes: [UInt8]) throws -> Llama2CCheckpoint {
        try folder.put(bytes, at: "model.bin")
        return try Llama2CCheckpoint(path: folder("model.bin"))
    }

    private func tensor(
        _ name: String, of checkpoint: Llama2CCheckpoint, count: Int
    ) throws -> [Float] {
        var values = [Float](repeating: .nan, count: count)
        try values.withUnsafeMutableBufferPointer {
            try checkpoint.readTensor(named: name, into: $0)
        }
        return values
    }

    @Test func everyTensorHasItsPlace() throws {
        let checkpoint = try open(Self.bytes(Self.sizes, floats: Self.tiedCount))
        let sizes = checkpoint.configuration
        #expect(sizes.isTied && sizes.keyValueHeadCount == 1 && sizes.headSize == 4)
        func first(_ name: String, count: Int) throws -> Float {
            try tensor(name, of: checkpoint, count: count)[0]
        }
        #expect(try first("model.embed_tokens.weight", count: 40) == 0)
        #expect(try first("model.layers.1.input_layernorm.weight", count: 8) == 48)
        #expect(try first("model.layers.0.self_attn.q_proj.weight", count: 64) == 56)
        #expect(try first("model.layers.1.self_attn.v_proj.weight", count: 32) == 280)
        #expect(try first("model.norm.weight", count: 8) == Float(Self.tiedCount - 20))
        // Rows 0, 2, 1, 3 of each head of four.
        let keys = try tensor("model.layers.0.self_attn.k_proj.weight", of: checkpoint, count: 32)
        var expected: [Float] = []
        for row in [0, 2, 1, 3] {
            let start = 56 + 128 + row * 8
            expected += (start..<start + 8).map { Float($0) }
        }
        #expect(keys == expected)
    }

    @Test func anOutputLayerOfItsOwnStandsAtTheEnd() throws {
        var header = Self.sizes
        header[5] = -5
        let checkpoint = try open(Self.bytes(header, floats: Self.tiedCount + 40))
        #expect(!checkpoint.configuration.isTied)
        let head = try tensor("lm_head.weight", of: checkpoint, count: 40)
        #expect(head == (0..<40).map { Float(Self.tiedCount + $0) })
    }

    /// Sizes of which the products overflow, or that do not divide each other.
    @Test(
        arguments: [
            [0: 0], [0: -8], [2: 0], [2: 1025], [2: .max], [3: 3], [3: 8], [4: 0], [4: 3],
            [5: 0], [5: .min], [6: .max], [0: 1 << 21], [0: .max, 1: .max, 5: .max],
            [0: .min], [1: -1],
        ] as [[Int: Int32]])
    func aHeaderOfSizesThatCannotBeIsRefused(_ changes: [Int: Int32]) {
        var header = Self.sizes
        for (index, value) in changes { header[index] = value }
        let line = failureLine { _ = try open(Self.bytes(header, floats: Self.tiedCount)) }
        #expect(line.contains("no llama2.c checkpoint of version 0"), "\(line)")
    }

    /// Sizes that fit each other but tell of data that is not there.
    @Test(
        arguments: [[1: 1 << 20], [2: 1024], [5: 1 << 20], [5: -5], [6: 1 << 20], [4: 2], [1: 11]]
            as [[Int: Int32]])
    func aHeaderThatTellsAnotherSizeIsRefused(_ changes: [Int: Int32]) {
        var header = Self.sizes
        for (index, value) in changes { header[index] = value }
        let line = failureLine { _ = try open(Self.bytes(header, floats: Self.tiedCount)) }
        #expect(line.contains("another size than its header tells"), "\(line)")
    }

    @Test func everyTruncationIsRefused() throws {
        let whole = Self.bytes(Self.sizes, floats: Self.tiedCount)
        for count in Array(0...40) + [whole.count - 4, whole.count - 1] {
            #expect(throws: Failure.self) { try open(Array(whole[..<count])) }
        }
        #expect(throws: Failure.self) { try open(whole + [0]) }
        #expect(throws: Failure.self) { try Llama2CCheckpoint(path: folder("none")) }
    }
}
