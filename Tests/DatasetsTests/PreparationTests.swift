import Datasets
import Foundation
import TemporaryFolders
import Testing
import Tokenizers

@Suite struct PreparationTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    private func input(_ text: String, _ name: String = "a.txt") throws -> String {
        try scratch.write(text.utf8, to: name)
        return scratch.path(name)
    }

    /// Prepares and gives each shard as text, `|` for the end of text.
    private func prepare(
        _ inputs: [String], fraction: Double = 0, shardSize: Int = 1 << 20,
        blockSize: Int = 1 << 20
    ) throws -> [String] {
        let plan = try PreparationPlan(
            texts: scratch.texts(inputs), validationFraction: fraction, shardSize: shardSize,
            blockSize: blockSize)
        let output = try PreparationOutput(
            directory: scratch.path("out"), tokenizer: ByteTokenizer(), isReplacing: true)
        return try plan.jobs.map { job in
            let summary = try job.run(tokenizer: ByteTokenizer(), directory: output.directory)
            let shard = try TokenShard(path: scratch.path("out/\(job.name)"))
            #expect(summary.tokenCount == shard.tokenCount)
            #expect(summary.documentCount == shard.documentCount)
            let ids = try shard.tokens(0..<shard.tokenCount)
            return String(decoding: ids.map { $0 == 256 ? 0x7C : UInt8($0) }, as: UTF8.self)
        }
    }

    @Test func literalAndFileEndDocuments() throws {
        let inputs = [
            try input("one<|endoftext|>two <|endoftext|><|endoftext|>", "a.txt"),
            try input("", "b.txt"),
            try input("<|endoftext|>three", "c.txt"),
        ]
        #expect(try prepare(inputs) == ["one|two |three|"])
        let shard = try TokenShard(path: scratch.path("out/train-00000.h5"))
        #expect(shard.documentCount == 3)
        #expect(try shard.document(1, maximumCount: 99) == "two ".utf8.map(Int32.init) + [256])
    }

    @Test func literalAcrossTheBordersOfBlocksIsFound() throws {
        for shift in 0...13 {
            let text = String(repeating: "x", count: (1 << 20) - shift)
            let path = try input(text + "<|endoftext|>yz<|endoftext|>")
            let plan = try PreparationPlan(
                texts: scratch.texts([path]), validationFraction: 0.000002)
            #expect(plan.jobs.map(\.sourceSize) == [text.utf8.count, 2])
        }
    }

    @Test func withoutEndOfTextDocumentsAreJoinedAndTheLiteralIsRemoved() throws {
        let path = try input("ab<|endoftext|>ba")
        let plan = try PreparationPlan(texts: scratch.texts([path]), validationFraction: 0)
        let tokenizer = try CharacterTokenizer(text: "ab")
        _ = try plan.jobs[0].run(tokenizer: tokenizer, directory: scratch.path)
        let shard = try TokenShard(path: scratch.path("train-00000.h5"))
        #expect(try shard.tokens(0..<4) == [0, 1, 1, 0])
        #expect(shard.tokenCount == 4)
        #expect(shard.documentCount == 2)
        #expect(shard.attributes.endOfTextID == nil)
        #expect(shard.attributes.tokenizerName == "character")
    }

    @Test(arguments: [
        (0.1, "aaaaaaaa|bbbbbbbb|cccccccc| dd|"), (0.3, "aaaaaaaa|bbbbbbbb|ccc| ccccc|dd|"),
        (0.4, "aaaaaaaa|bbbbbbbb| cccccccc|dd|"), (0.99, "a| aaaaaaa|bbbbbbbb|cccccccc|dd|"),
        (0.01, "aaaaaaaa|bbbbbbbb|cccccccc|d| d|"), (0, "aaaaaaaa|bbbbbbbb|cccccccc|dd|"),
    ])
    func validationTakesTheLastBytes(fraction: Double, shards: String) throws {
        let text = ["aaaaaaaa", "bbbbbbbb", "cccccccc", "dd"].joined(separator: "<|endoftext|>")
        #expect(try prepare([input(text)], fraction: fraction).joined(separator: " ") == shards)
    }

    @Test func validationTakesTheLastCharactersOfASingleDocument() throws {
        let text = "äöü€😀abcdefgh"
        #expect(try prepare([input(text)], fraction: 0.1) == ["äöü€😀abcdef|", "gh|"])
        #expect(try prepare([input(text)], fraction: 0.7) == ["äöü|", "€😀abcdefgh|"])
    }

    @Test func textTooShortToSplitAndWrongFractionsAreRefused() throws {
        let path = try input("x")
        #expect(
            failureLine {
                _ = try PreparationPlan(texts: scratch.texts([path]), validationFraction: 0.5)
            }
            .hasPrefix("the text is too short to hold a part of it out"))
        #expect(
            failureLine {
                _ = try PreparationPlan(texts: scratch.texts([path]), validationFraction: 1)
            }
            .contains("expected 0 or more, below 1, got 1.0"))
        #expect(
            failureLine { _ = try PreparationPlan(texts: scratch.texts([try input("", "b.txt")])) }
                .hasPrefix("there is no text to prepare"))
        #expect(
            failureLine { _ = try PreparationPlan(texts: scratch.texts([scratch.path("none")])) }
                .hasPrefix("cannot read the text: got No such file or directory"))
    }

    @Test func shardsAreFilledWithWholeDocuments() throws {
        let text = ["aaaa", "bbbb", "c", "dddddddddddddddddddddddddddddd"]
            .joined(separator: "<|endoftext|>")
        #expect(
            try prepare([input(text)], shardSize: 30)
                == ["aaaa|bbbb|", "c|", "dddddddddddddddddddddddddddddd|"])
    }

    @Test func longDocumentIsCutAtLinesAndEndsOnce() throws {
        let text = "one two\nthree\n\nfour\nfive six seven\neight"
        let shards = try prepare([input(text)], shardSize: 16)
        #expect(shards == ["one two\n", "three\n\nfour\n", "five six seven\n", "eight|"])
        let wide = try prepare([input("a€€€€€€")], shardSize: 8)
        #expect(wide == ["a€€", "€€", "€€|"])
    }
}
