import Datasets
import Foundation
import TemporaryFolders
import Testing
import Tokenizers

@Suite struct PreparationOutputTests {
    let scratch: Scratch
    let tokenizer: CharacterTokenizer

    init() throws {
        scratch = try Scratch()
        tokenizer = try CharacterTokenizer(text: "abc\n\u{FFFD}")
    }

    private func plan(_ text: some Sequence<UInt8>) throws -> PreparationPlan {
        try scratch.write(text, to: "a.txt")
        return try PreparationPlan(
            texts: scratch.texts([scratch.path("a.txt")]), validationFraction: 0.2, shardSize: 50)
    }

    @Test func shardsAreTheSameWhoeverRunsTheJobsInWhateverOrder() throws {
        let text = Data(String(repeating: "abc\ncab\nb<|endoftext|>", count: 20).utf8)
        let plan = try plan(text)
        #expect(plan.jobs.count > 8)
        // The plan travels to other processes as numbers.
        let copy = PreparationPlan(texts: plan.texts, numbers: plan.numbers)
        #expect(copy == plan)
        for (name, jobs) in [("in order", plan.jobs), ("reversed", copy.jobs.reversed())] {
            let output = try PreparationOutput(
                directory: scratch.path(name), tokenizer: tokenizer)
            let summaries = try jobs.map {
                try $0.run(tokenizer: tokenizer, directory: output.directory)
            }
            try output.finish(summaries, tokenizer: tokenizer)
        }
        let names = ["index.json", "tokenizer.json"] + plan.jobs.map(\.name)
        #expect(names.contains("validation-00001.h5"))
        for name in names {
            #expect(try scratch.bytes("in order/\(name)") == scratch.bytes("reversed/\(name)"))
        }
        #expect(try scratch.bytes("in order/tokenizer.json") == tokenizer.tokenizerJSON)
        let found = try FileManager.default.contentsOfDirectory(atPath: scratch.path("reversed"))
        #expect(found.sorted() == names)
    }

    @Test func streamKnowsItsTokenizer() throws {
        let plan = try plan("abcabcabca".utf8)
        let output = try PreparationOutput(directory: scratch.path, tokenizer: tokenizer)
        let summaries = try plan.jobs.map {
            try $0.run(tokenizer: tokenizer, directory: scratch.path)
        }
        try output.finish(summaries, tokenizer: tokenizer)
        let stream = try TokenStream(resolving: scratch.path, split: .train)
        #expect(stream.tokenizerPath == scratch.path("tokenizer.json"))
        try stream.require(tokenizer)
        let other = try CharacterTokenizer(text: "abcde")
        #expect(failureLine { try stream.require(other) }.contains("by another tokenizer"))
    }

    @Test func hashesAreThoseOfTheTextAndTheTokenizer() throws {
        let plan = try plan("abcabcabca".utf8)
        _ = try plan.jobs[0].run(tokenizer: tokenizer, directory: scratch.path)
        let attributes = try TokenShard(path: scratch.path("train-00000.h5")).attributes
        // sha256sum of the eight bytes "abcabcab".
        #expect(
            attributes.sourceSHA256
                == "c212e6e3f814fb29117327c2f11661b116e015d5348d1b8aacf97e648ace5638")
        #expect(attributes.tokenizerSHA256 == tokenizer.tokenizerSHA256)
        #expect(tokenizer.tokenizerSHA256.count == 64)
    }

    @Test func malformedTextIsReplacedAndCountedOrRefusedWithItsPosition() throws {
        let plan = try plan(Array("abc".utf8) + [0xFF, 0xE2, 0x82] + Array("abcabcabc\n".utf8))
        let summary = try plan.jobs[0].run(tokenizer: tokenizer, directory: scratch.path)
        #expect(summary.replacedCount == 2)
        // 15 characters, of which the first 12 are train.
        #expect(summary.tokenCount == 12)
        let line = failureLine {
            _ = try plan.jobs[0].run(
                tokenizer: tokenizer, malformed: .refused, directory: scratch.path("strict"))
        }
        #expect(line.contains("cannot create the HDF5 file"))
        try FileManager.default.createDirectory(
            atPath: scratch.path("strict"), withIntermediateDirectories: true)
        let refusal = failureLine {
            _ = try plan.jobs[0].run(
                tokenizer: tokenizer, malformed: .refused, directory: scratch.path("strict"))
        }
        #expect(refusal.contains("expected well-formed UTF-8, got byte 0xff"))
        #expect(refusal.contains("(byte 3 of \(scratch.path("a.txt")))"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path("strict")) == [])
    }

    /// The cut of a single document counts scalars as `String` does, ill-formed parts included.
    @Test func cutOfMalformedTextKeepsItsParts() throws {
        let pieces: [[UInt8]] = [
            [0x61], [0xC3, 0xA4], [0xE2, 0x82, 0xAC], [0xF0, 0x9F, 0x98, 0x80], [0xC3],
            [0xE2, 0x82],
            [0xF0, 0x9F, 0x98], [0xFF], [0x80], [0xED, 0xA0, 0x80], [0xC0, 0xAF], [0xF4, 0x90],
        ]
        for seed in 0..<40 {
            let order = KeyedPermutation(count: 24, seed: UInt64(seed), epoch: 0)
            let bytes = (0..<24).flatMap { pieces[order[$0] % pieces.count] }
            let scalars = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
            try scratch.write(bytes, to: "\(seed).txt")
            let plan = try PreparationPlan(
                texts: scratch.texts([scratch.path("\(seed).txt")]), validationFraction: 0.5)
            let tokenizer = try CharacterTokenizer(scalars: scalars)
            let output = try PreparationOutput(
                directory: scratch.path("\(seed)"), tokenizer: tokenizer)
            var ids: [Int32] = []
            for job in plan.jobs {
                let count = try job.run(tokenizer: tokenizer, directory: output.directory)
                    .tokenCount
                let shard = try TokenShard(path: "\(output.directory)/\(job.name)")
                #expect(count == (ids.isEmpty ? scalars.count / 2 : (scalars.count + 1) / 2))
                ids += try shard.tokens(0..<count)
            }
            #expect(try tokenizer.decode(ids).unicodeScalars.elementsEqual(scalars))
        }
    }

    @Test func characterThatIsUnknownIsRefusedWithItsFile() throws {
        let plan = try plan("abcxabcabc".utf8)
        let line = failureLine {
            _ = try plan.jobs[0].run(tokenizer: tokenizer, directory: scratch.path)
        }
        #expect(line.contains("\(scratch.path("a.txt")), document at byte 0"))
    }

    @Test func earlierPreparationIsRefusedOrReplacedAsAWhole() throws {
        let directory = scratch.path("deep/er")
        let output = try PreparationOutput(directory: directory, tokenizer: tokenizer)
        try output.finish([], tokenizer: tokenizer)
        // The same tokenizer.json is no hindrance.
        _ = try PreparationOutput(directory: directory, tokenizer: tokenizer)
        try scratch.writeShard("deep/er/train-00007.h5", documents: [])
        let line = failureLine {
            _ = try PreparationOutput(directory: directory, tokenizer: tokenizer)
        }
        #expect(line.contains("got \(directory)/train-00007.h5"))
        let other = try CharacterTokenizer(text: "xyz")
        let replacing = try PreparationOutput(
            directory: directory, tokenizer: other, isReplacing: true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == [])
        try replacing.finish([], tokenizer: other)
        #expect(
            failureLine { _ = try PreparationOutput(directory: directory, tokenizer: tokenizer) }
                .contains("got \(directory)/tokenizer.json"))
        #expect(try scratch.bytes("deep/er/tokenizer.json") == other.tokenizerJSON)
    }

    @Test func outputThatIsAFileIsRefused() throws {
        try scratch.write([1], to: "file")
        let line = failureLine {
            _ = try PreparationOutput(directory: scratch.path("file/x"), tokenizer: tokenizer)
        }
        #expect(line.hasPrefix("cannot create the output directory: got Not a directory"))
    }

    @Test func aShardThatCannotBeWrittenIsToldByItsOwnName() throws {
        let attributes = TokenShardAttributes(
            tokenizerName: "character", tokenizerSHA256: "aa", vocabularySize: 300,
            endOfTextID: nil,
            sourceSHA256: "bb")
        let line = failureLine {
            try TokenShardWriter.write(to: scratch.path("none/a.h5"), attributes: attributes) { _ in
            }
        }
        #expect(line.contains("none/a.h5") && !line.contains(".partial"), "\(line)")
    }
}
