import Datasets
import Dispatch
import Foundation
import Synchronization
import TemporaryFolders
import Testing

@Suite struct TokenStreamTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    private func stream(_ counts: [Int], split: String = "train") throws -> TokenStream {
        var next: Int32 = 0
        for (index, count) in counts.enumerated() {
            let ids = (0..<count).map { _ in
                defer { next += 1 }
                return next
            }
            try scratch.writeShard("\(split)-0000\(index).h5", documents: count == 0 ? [] : [ids])
        }
        return try TokenStream(resolving: scratch.path, split: .train)
    }

    @Test func everyRangeAcrossShardsComesBack() throws {
        let stream = try stream([3, 0, 1, 5, 0])
        #expect(stream.tokenCount == 9)
        #expect(stream.documentCount == 3)
        for start in 0...9 {
            for end in start...9 {
                #expect(try stream.tokens(start..<end) == (start..<end).map(Int32.init))
            }
        }
    }

    @Test func moreShardsThanMayBeOpenAreRead() throws {
        for index in 0..<70 {
            try scratch.writeShard("train-000\(10 + index).h5", documents: [[Int32(index)]])
        }
        let stream = try TokenStream(resolving: scratch.path, split: .train)
        for _ in 0..<2 { #expect(try stream.tokens(0..<70) == (0..<70).map(Int32.init)) }
        #expect(try stream.tokens(3..<4) == [3])
    }

    @Test func threadsThatReadAtOnceGetTheirOwnTokens() throws {
        let stream = try stream([40, 30, 50, 60])
        let wrongCount = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 200) { index in
            let range = index % 150..<index % 150 + 30
            if (try? stream.tokens(range)) != range.map(Int32.init) {
                wrongCount.add(1, ordering: .relaxed)
            }
        }
        #expect(wrongCount.load(ordering: .relaxed) == 0)
    }

    @Test func directoryGlobAndFileAreResolved() throws {
        for name in ["train-00001.h5", "train-00000.h5", "validation-00000.h5", "train.txt"] {
            try scratch.writeShard(name, documents: [])
        }
        let trains = ["train-00000.h5", "train-00001.h5"].map(scratch.path)
        #expect(try DatasetFiles.resolve(scratch.path, split: .train) == trains)
        #expect(try DatasetFiles.resolve(scratch.path("tr*-*.h5"), split: .validation) == trains)
        #expect(try DatasetFiles.resolve(trains[1], split: .train) == [trains[1]])
        #expect(
            try DatasetFiles.resolve(scratch.path, split: .validation)
                == [scratch.path("validation-00000.h5")])
    }

    @Test func shardsThatAreMissingAreNamed() throws {
        #expect(
            failureLine { _ = try DatasetFiles.resolve(scratch.path("no*.h5"), split: .train) }
                .hasPrefix("there is no token shard"))
        #expect(
            failureLine { _ = try DatasetFiles.resolve(scratch.path, split: .validation) }
                .contains("expected validation-*.h5, got none"))
    }

    /// Links that lead in a circle are an error of the system, not a missing shard.
    @Test func aPlaceThatCannotBeLookedAtIsNotAMissingShard() throws {
        symlink("loop", scratch.path("loop"))
        for path in ["loop", "loop/train-*.h5"] {
            let line = failureLine {
                _ = try DatasetFiles.resolve(scratch.path(path), split: .train)
            }
            #expect(line.contains("got Too many levels of symbolic links"), "\(line)")
        }
    }

    @Test func shardOfAnotherTokenizerIsRefused() throws {
        let first = try scratch.writeShard("a.h5", documents: [[1]])
        let other = try scratch.writeShard("b.h5", documents: [[1]], tokenizer: "cc")
        let larger = try scratch.writeShard("c.h5", documents: [[1]], vocabularySize: 301)
        #expect(
            failureLine { _ = try TokenStream(paths: [first, other]) }
                .contains("expected tokenizer_sha256 aa, got cc (\(other))"))
        #expect(
            failureLine { _ = try TokenStream(paths: [first, larger]) }
                .contains("expected vocabulary_size 300, got 301 (\(larger))"))
        let stream = try TokenStream(paths: [first])
        try stream.require(tokenizerSHA256: "aa", vocabularySize: 300)
        #expect(
            failureLine { try stream.require(tokenizerSHA256: "dd", vocabularySize: 300) }
                .contains("expected tokenizer_sha256 dd, got aa"))
    }
}
