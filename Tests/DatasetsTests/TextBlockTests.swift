import Datasets
import Foundation
import TemporaryFolders
import Testing
import Tokenizers

/// Texts that are read in blocks and parts, as large ones are, cut where it makes no difference.
@Suite struct TextBlockTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Documents of 0 to 90 characters, of one to four bytes, some with lines, in three files.
    private func inputs() throws -> [String] {
        let pieces = ["word", " ", "\n", "é", "語", "😀", "two words\n", "<|end", "of|>", "a"]
        var paths: [String] = []
        for file in 0..<3 {
            let order = KeyedPermutation(count: 4000, seed: UInt64(file), epoch: 0)
            var text = file == 1 ? "<|endoftext|>" : ""
            for index in 0..<1500 {
                text += pieces[order[index] % pieces.count]
                if order[index] % 23 == 0 { text += "<|endoftext|>" }
            }
            try scratch.write(text.utf8, to: "\(file).txt")
            paths.append(scratch.path("\(file).txt"))
        }
        return paths
    }

    private struct Prepared: Equatable {
        var tokens: [Int32] = []
        var documents: [[Int32]] = []
    }

    private func prepare(
        _ texts: [SourceText], fraction: Double, shardSize: Int, blockSize: Int
    ) throws -> [DatasetSplit: Prepared] {
        let plan = try PreparationPlan(
            texts: texts, validationFraction: fraction, shardSize: shardSize, blockSize: blockSize)
        let tokenizer = ByteTokenizer()
        let output = try PreparationOutput(
            directory: scratch.path("out"), tokenizer: tokenizer, isReplacing: true)
        let summaries = try plan.jobs.map {
            try $0.run(tokenizer: tokenizer, directory: output.directory)
        }
        try output.finish(summaries, tokenizer: tokenizer)
        var parts: [DatasetSplit: Prepared] = [:]
        for summary in summaries {
            let shard = try TokenShard(path: scratch.path("out/\(summary.name)"))
            #expect(shard.tokenCount == summary.tokenCount)
            parts[summary.split, default: Prepared()].tokens += try shard.tokens(
                0..<shard.tokenCount)
            parts[summary.split, default: Prepared()].documents += try (0..<shard.documentCount)
                .map { try shard.document($0, maximumCount: .max >> 1) }
        }
        return parts
    }

    @Test(arguments: [13, 64, 100, 257, 1000, 4096])
    func blocksOfAnySizeGiveTheSameShards(blockSize: Int) throws {
        let texts = try scratch.texts(inputs())
        let whole = try prepare(texts, fraction: 0.2, shardSize: 1 << 20, blockSize: 1 << 20)
        let cut = try prepare(texts, fraction: 0.2, shardSize: 1 << 20, blockSize: blockSize)
        #expect(whole == cut)
        #expect(whole[.train]?.documents.count ?? 0 > 100)
    }

    /// A text that is not held in memory is planned from the bytes around the cuts alone.
    @Test(arguments: [0.0, 0.01, 0.1, 0.5, 0.9])
    func aTextOfAnySizeHasItsShareAndAllItsDocuments(fraction: Double) throws {
        let paths = try inputs()
        let all = try prepare(
            scratch.texts(paths), fraction: 0, shardSize: 1 << 20, blockSize: 1 << 20)
        let parts = try prepare(
            scratch.texts(paths, isHeld: false), fraction: fraction, shardSize: 3000,
            blockSize: 500)
        let (train, validation) = (parts[.train]?.tokens ?? [], parts[.validation]?.tokens ?? [])
        // A document that is cut ends on both sides.
        let ends = { (tokens: [Int32]) in tokens.filter { $0 != 256 } }
        #expect(ends(train) + ends(validation) == ends(all[.train]?.tokens ?? []))
        #expect((0...1).contains(train.count + validation.count - (all[.train]?.tokens.count ?? 0)))
        let share = Double(validation.count) / Double(train.count + validation.count)
        #expect(abs(share - fraction) < 0.1 * fraction + 0.02, "\(share)")
    }

    @Test func aTextLongerThanAShardIsCutAtDocumentsWhereItCan() throws {
        let document = String(repeating: "many words\n", count: 60)
        let text = Array(repeating: document, count: 9000).joined(separator: "<|endoftext|>")
        try scratch.write(text.utf8, to: "a.txt")
        let texts = try scratch.texts([scratch.path("a.txt")], isHeld: false)
        let plan = try PreparationPlan(texts: texts, validationFraction: 0, shardSize: 2 << 20)
        #expect(plan.jobs.count == 3)
        let parts = try prepare(texts, fraction: 0, shardSize: 2 << 20, blockSize: 1 << 18)
        #expect(parts[.train]?.documents.count == 9000)
        #expect(Set(parts[.train]?.documents ?? []).count == 1)
    }

    @Test func theSourceOfSeveralBlocksIsTheHashOfTheirHashes() throws {
        try scratch.write(String(repeating: "abcdefg\n", count: 20).utf8, to: "a.txt")
        let texts = try scratch.texts([scratch.path("a.txt")])
        var sources: Set<String> = []
        for blockSize in [64, 80, 160] {
            let plan = try PreparationPlan(
                texts: texts, validationFraction: 0, blockSize: blockSize)
            let summary = try plan.jobs[0].run(
                tokenizer: ByteTokenizer(), directory: scratch.path)
            let shard = try TokenShard(path: scratch.path("train-00000.h5"))
            #expect(shard.attributes.sourceSHA256 == summary.sourceSHA256)
            sources.insert(summary.sourceSHA256)
            try FileManager.default.removeItem(atPath: scratch.path("train-00000.h5"))
        }
        #expect(sources.count == 3 && sources.allSatisfy { $0.count == 64 })
    }

    // MARK: Parts, for a tokenizer

    @Test func partsHaveTheWordsOfTheWhole() throws {
        // 40 MB: three parts of 16 MiB, whose borders lie somewhere in words.
        let line = "the quick brown fox, 12 jumps; don't 語の 言葉　 stop\n"
        let text = String(repeating: line, count: (40 << 20) / line.utf8.count)
        try scratch.write(text.utf8, to: "a.txt")
        let texts = try scratch.texts([scratch.path("a.txt")], isHeld: false)
        let parts = TextParts(texts)
        #expect(parts.count == 3)
        let bytes = try (0..<3).map { try parts.part($0) }
        #expect(bytes.allSatisfy { $0.count > 1 << 20 })
        #expect(bytes.flatMap { $0 }.elementsEqual(text.utf8))
        for part in bytes.dropFirst() {
            #expect([0x20, 0x0A].contains(part.first))
        }
    }

    @Test func aSampleIsSpreadOverAllOfTheText() throws {
        let text = (0..<6).map { digit in
            String(repeating: "\(digit) ", count: 1 << 20)
        }
        for (index, text) in text.enumerated() {
            try scratch.write(text.utf8, to: "\(index).txt")
        }
        let texts = try scratch.texts((0..<6).map { scratch.path("\($0).txt") }, isHeld: false)
        let parts = TextParts(texts, sampleSize: 5 << 20)
        #expect(parts.count == 5)
        let digits = try (0..<5).map { try parts.part($0).first { $0 > 0x20 } }
        #expect(Set(digits).count == 5)
        #expect(TextParts(texts, sampleSize: 12 << 20).count == 6)
        #expect(TextParts(texts, sampleSize: 100 << 20).count == 6)
    }

    @Test func aTextWithoutWhiteSpaceIsCutAtCharacters() throws {
        try scratch.write(String(repeating: "語", count: 6 << 20).utf8, to: "a.txt")
        let texts = try scratch.texts([scratch.path("a.txt")], isHeld: false)
        let parts = TextParts(texts)
        #expect(parts.count == 2)
        let bytes = try (0..<2).map { try parts.part($0) }
        #expect(bytes.map { $0.count % 3 } == [0, 0])
        #expect(bytes[0].count + bytes[1].count == 18 << 20)
    }
}
