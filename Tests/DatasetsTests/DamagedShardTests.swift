import Datasets
import Foundation
import TemporaryFolders
import Testing

/// What a shard that is not what it should be leads to: a failure that names file and position.
@Suite struct DamagedShardTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    private func opened(_ bytes: some Sequence<UInt8>) throws -> String {
        try scratch.write(bytes, to: "damaged.h5")
        return failureLine { _ = try TokenShard(path: scratch.path("damaged.h5")) }
    }

    @Test func missingFileAndFolderAreNamed() {
        #expect(
            failureLine { _ = try TokenShard(path: scratch.path("none.h5")) }
                .contains("got No such file or directory (\(scratch.path("none.h5")))"))
        #expect(
            failureLine { _ = try TokenShard(path: scratch.path) }
                .contains("expected a regular file"))
    }

    @Test func otherFilesAreNotTakenForHDF5() throws {
        #expect(try opened([]).contains("got a file of 0 bytes"))
        #expect(try opened("To be, or not to be".utf8).hasPrefix("the file is not HDF5"))
    }

    @Test func olderFormatIsRefusedBeforeTheLibrarySeesIt() throws {
        try scratch.writeShard("a.h5", documents: [[1, 2]])
        var bytes = try scratch.bytes("a.h5")
        #expect(bytes[8] == 3)
        bytes[8] = 0
        let line = try opened(bytes)
        #expect(line.contains("expected superblock version 3 (HDF5 1.10), got 0"))
        #expect(line.contains("library version bounds (V110, V110)"))
    }

    @Test func fileThatIsCutShortIsRefused() throws {
        try scratch.writeShard("a.h5", documents: [Array(0..<300)])
        let bytes = try scratch.bytes("a.h5")
        for count in [9, 48, 1000, bytes.count / 2, bytes.count - 1] {
            let line = try opened(bytes[..<count])
            #expect(line.hasPrefix("cannot open the HDF5 file"), "\(count) bytes: \(line)")
        }
        #expect(try opened(bytes[..<(bytes.count - 1)]).contains("truncated file"))
    }

    @Test func corruptTokenIsFoundWithItsFileAndPosition() throws {
        let ids = (0..<20_000).map { Int32(($0 + $0 / 251) % 251) }
        let path = try scratch.writeShard("train-00000.h5", documents: [ids])
        var bytes = try scratch.bytes("train-00000.h5")
        // Tokens 8192... begin the second chunk: find their bytes, and change one.
        let wanted = ids[8192..<8300].flatMap { [UInt8($0), 0] as [UInt8] }
        let place = try #require(Data(bytes).range(of: Data(wanted))).lowerBound
        bytes[place + 50] ^= 1
        try scratch.write(bytes, to: "train-00000.h5")

        let stream = try TokenStream(resolving: scratch.path, split: .train)
        #expect(try stream.tokens(0..<8192) == Array(ids[..<8192]))
        let line = failureLine { _ = try stream.tokens(8000..<8200) }
        #expect(line.contains("H5Dread"))
        #expect(line.contains("Fletcher32"))
        #expect(line.contains("elements 8000..<8200 of /tokens in \(path)"))
    }

    /// Bytes of a small shard are changed in turn, all that are not zero and some that are: the
    /// shard is refused, or reads as it was.
    @Test func noByteThatChangesGivesOtherTokensInSilence() throws {
        let ids = (0..<40).map { Int32($0) }
        let path = try scratch.writeShard("a.h5", documents: [ids])
        let attributes = try TokenShard(path: path).attributes
        let bytes = try scratch.bytes("a.h5")
        var refusedCount = 0
        for index in bytes.indices where bytes[index] != 0 || index % 997 == 0 {
            var damaged = bytes
            damaged[index] ^= 0x41
            try scratch.write(damaged, to: "b.h5")
            let line = failureLine {
                let shard = try TokenShard(path: scratch.path("b.h5"))
                let tokens = try shard.tokens(0..<shard.tokenCount)
                #expect(tokens == ids && shard.attributes == attributes, "byte \(index)")
            }
            #expect(!line.hasPrefix("not a Failure"))
            refusedCount += line.isEmpty ? 0 : 1
        }
        #expect(refusedCount > 100)
    }
}
