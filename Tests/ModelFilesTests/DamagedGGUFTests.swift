import Diagnostics
import Files
import Foundation
import ModelFiles
import TemporaryFolders
import Testing

/// GGUF files that cannot be read: one line each, in bounded time and memory.
@Suite struct DamagedGGUFTests {
    let folder: TemporaryFolder
    private let good: [UInt8]

    init() throws {
        folder = try TemporaryFolder()
        good = try FileReader.bytes(of: fixture("../gguf/types.gguf"))
    }

    private func line(_ bytes: [UInt8]) throws -> String {
        try folder.put(bytes, at: "m.gguf")
        return failureLine { _ = try GGUFSource(reading: folder("m.gguf")) }
    }

    /// The place behind a text of the header.
    private func end(of text: String) throws -> Int {
        let pattern = Array(text.utf8)
        let start = try #require(
            good.indices.first { good[$0...].starts(with: pattern) }, "\(text)")
        return start + pattern.count
    }

    private func changing(_ place: Int, to bytes: [UInt8]) -> [UInt8] {
        var changed = good
        changed.replaceSubrange(place..<place + bytes.count, with: bytes)
        return changed
    }

    private func little(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    @Test func aFileThatIsCutAnywhereIsRefused() throws {
        for count in stride(from: 0, to: good.count - 1, by: 331) {
            let line = try line(Array(good.prefix(count)))
            #expect(!line.isEmpty && !line.contains("\n"), "\(count): \(line)")
        }
    }

    @Test(arguments: [(8, "tensors"), (16, "metadata")])
    func countsBeyondTheFileAreRefusedAtOnce(place: Int, what: String) throws {
        let line = try line(changing(place, to: little(1_000_000_000)))
        #expect(line.contains(what) && line.contains("1000000000"), "\(line)")
    }

    @Test func offsetsBeyondTheEndAreRefused() throws {
        // Behind a name: the dimensions, two sizes, the type, the place.
        let place = try end(of: "blk.1.ffn_down.weight") + 4 + 16 + 4
        for offset in [UInt64(1) << 62, 32 * UInt64(good.count), 33] {
            let line = try line(changing(place, to: little(offset)))
            #expect(line.contains("blk.1.ffn_down.weight"), "\(line)")
        }
    }

    @Test func hugeShapesAreRefused() throws {
        let place = try end(of: "blk.1.ffn_down.weight") + 4
        let line = try line(changing(place, to: little(1 << 39) + little(1 << 39)))
        #expect(line.contains("blk.1.ffn_down.weight"), "\(line)")
    }

    @Test func aTypeThatIsNotReadIsNamed() throws {
        let place = try end(of: "blk.1.ffn_down.weight") + 4 + 16
        let line = try line(changing(place, to: [23, 0, 0, 0]))
        #expect(line.contains("IQ4_XS") && line.contains("Q4_K"), "\(line)")
    }

    @Test(arguments: [
        ("llama", "mamba", "general.architecture"),
        ("llama.block_count", "llama.block_c0unt", "block_c"),
        ("llama.attention.key_length", "llama.attention.key_lengtX", "value_length"),
        ("blk.1.ffn_up.weight", "blk.1.ffn_uq.weight", "blk.1.ffn_u"),
        ("blk.1.ffn_up.weight", "blk.0.ffn_up.weight", "again"),
        ("llama.context_length", "llama.embedding_length", "damaged"),
    ])
    func whatIsNotKnownIsNamed(_ old: String, _ new: String, _ expected: String) throws {
        // The value of the architecture stands behind its key, its kind and its length.
        let place =
            try old == "llama"
            ? end(of: "general.architecture") + 12 : end(of: old) - old.utf8.count
        let line = try line(changing(place, to: Array(new.utf8)))
        #expect(line.contains(expected), "\(line)")
    }

    @Test(arguments: [(1, "version 1"), (4, "version 4")])
    func otherVersionsAreRefused(version: UInt8, got: String) throws {
        #expect(try line(changing(4, to: [version])).contains(got))
        let swapped = try line(changing(4, to: [0, 0, 0, 3]))
        #expect(swapped.contains("big-endian"), "\(swapped)")
    }

    @Test func otherFilesAreNoModels() throws {
        #expect(try line(Array("GGUD....".utf8)).contains("no GGUF file"))
        #expect(try line([]).contains("damaged"))
    }
}
