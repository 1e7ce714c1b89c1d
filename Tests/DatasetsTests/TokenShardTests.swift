import Datasets
import Diagnostics
import Foundation
import TemporaryFolders
import Testing

@Suite struct TokenShardTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    @Test(arguments: [(300, 2), (1 << 16, 2), ((1 << 16) + 1, 4)])
    func tokensAndAttributesComeBack(vocabularySize: Int, tokenSize: Int) throws {
        let top = Int32(vocabularySize - 1)
        let attributes = TokenShardAttributes(
            tokenizerName: "bpe ü", tokenizerSHA256: "0123", vocabularySize: vocabularySize,
            endOfTextID: top, sourceSHA256: "4567")
        try TokenShardWriter.write(to: scratch.path("a.h5"), attributes: attributes) { writer in
            try writer.append([0, 1, top])
            try writer.endDocument()
            try writer.append([7])
            try writer.append([top])
            try writer.endDocument()
        }
        let shard = try TokenShard(path: scratch.path("a.h5"))
        #expect(shard.attributes == attributes)
        #expect(shard.tokenSize == tokenSize)
        #expect(shard.tokenCount == 5)
        #expect(shard.documentCount == 2)
        #expect(try shard.tokens(0..<5) == [0, 1, top, 7, top])
        #expect(try shard.tokens(2..<4) == [top, 7])
        #expect(try shard.document(1, maximumCount: 9) == [7, top])
        #expect(try shard.document(0, maximumCount: 2) == [0, 1])
    }

    @Test func manyBlocksComeBack() throws {
        let ids = (0..<1_200_000).map { Int32(truncatingIfNeeded: $0 &* 7919 % 300) }
        let path = try scratch.writeShard("a.h5", documents: [Array(ids[..<5]), Array(ids[5...])])
        let shard = try TokenShard(path: path)
        #expect(shard.tokenCount == ids.count)
        #expect(try shard.tokens(0..<ids.count) == ids)
    }

    @Test func equalInputWrittenSecondsApartGivesEqualBytes() async throws {
        let documents: [[Int32]] = [Array(0..<299), [5, 6]]
        try scratch.writeShard("a.h5", documents: documents)
        try await Task.sleep(for: .milliseconds(1100))
        try scratch.writeShard("b.h5", documents: documents)
        #expect(try scratch.bytes("a.h5") == scratch.bytes("b.h5"))
        try scratch.writeShard("c.h5", documents: [Array(0..<299), [5, 7]])
        #expect(try scratch.bytes("a.h5") != scratch.bytes("c.h5"))
    }

    @Test func shardOfNoDocumentsOpens() throws {
        let shard = try TokenShard(path: scratch.writeShard("a.h5", documents: []))
        #expect(shard.tokenCount == 0)
        #expect(shard.documentCount == 0)
    }

    @Test func writerLeavesNothingBehindOnError() throws {
        let line = failureLine { try scratch.writeShard("a.h5", documents: [[1, 300]]) }
        #expect(line.hasPrefix("the tokenizer gave an id outside its vocabulary"))
        #expect(line.contains("expected 0 to 299, got 300"))
        #expect(try scratch.names == [])
    }

    @Test func existingFileIsRefusedAndKept() throws {
        try scratch.write([1, 2, 3], to: "a.h5")
        let line = failureLine { try scratch.writeShard("a.h5", documents: [[1]]) }
        #expect(line.contains("got an existing file"))
        #expect(try scratch.bytes("a.h5") == [1, 2, 3])
    }

    @Test func folderThatIsMissingIsNamed() {
        let line = failureLine { try scratch.writeShard("none/a.h5", documents: [[1]]) }
        #expect(line.contains("cannot create the HDF5 file"))
        #expect(line.contains("No such file or directory"))
        #expect(line.contains("none/a.h5"))
    }
}
