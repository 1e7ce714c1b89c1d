import Crypto
import Datasets
import Foundation
import TemporaryFolders
import Testing
import Tokenizers

/// How a text is cut into a part to train on and one that is held out.
@Suite struct SplitTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// The text of both parts, prepared with characters as tokens: documents follow without a mark.
    private func parts(
        _ documents: [String], fraction: Double, asFiles: Bool
    ) throws -> (train: String, validation: String) {
        var paths: [String] = []
        if asFiles {
            for (index, document) in documents.enumerated() {
                paths.append(scratch.path("\(index).txt"))
                try scratch.write(document.utf8, to: "\(index).txt")
            }
        } else {
            paths = [scratch.path("all.txt")]
            try scratch.write(documents.joined(separator: "<|endoftext|>").utf8, to: "all.txt")
        }
        let tokenizer = try CharacterTokenizer(text: documents.joined())
        let plan = try PreparationPlan(texts: scratch.texts(paths), validationFraction: fraction)
        let directory = scratch.path("out-\(asFiles)-\(fraction)-\(documents.count)")
        let output = try PreparationOutput(
            directory: directory, tokenizer: tokenizer, isReplacing: true)
        var texts: [DatasetSplit: String] = [:]
        for job in plan.jobs {
            _ = try job.run(tokenizer: tokenizer, directory: output.directory)
            let shard = try TokenShard(path: "\(directory)/\(job.name)")
            let text = try tokenizer.decode(shard.tokens(0..<shard.tokenCount))
            texts[job.split, default: ""] += text
            // The shard tells the hash of the bytes that it was made of: here without literals.
            if asFiles {
                let hash = SHA256.hash(data: Array(text.utf8)).map { String(format: "%02x", $0) }
                #expect(shard.attributes.sourceSHA256 == hash.joined())
            }
        }
        return (texts[.train] ?? "", texts[.validation] ?? "")
    }

    private static let book = String(repeating: "the night is long, élan 😀\n", count: 3000)

    @Test(
        arguments: [0.5, 0.1, 0.02, 0.005], [[300, 3000], [3000, 300], [3000, 3000, 10], [1500]])
    func eachPartHasItsShareOfTheBytes(fraction: Double, sizes: [Int]) throws {
        let documents = sizes.map { String(Self.book.prefix($0 * 10)) }
        let total = documents.joined().utf8.count
        for asFiles in [true, false] {
            let (train, validation) = try parts(documents, fraction: fraction, asFiles: asFiles)
            #expect(train + validation == documents.joined())
            let share = Double(validation.utf8.count) / Double(total)
            #expect(share > 0.89 * fraction && share < 1.01 * fraction, "\(sizes): \(share)")
        }
    }

    /// Beside a share of 1,000 bytes documents of 10 to 90 are small: none is cut.
    @Test func smallDocumentsStayWhole() throws {
        let documents = (0..<200).map { index in
            String(
                repeating: String(UnicodeScalar(97 + index % 26).map(Character.init)!),
                count: 10 + index * 7 % 81)
        }
        let (train, validation) = try parts(documents, fraction: 0.1, asFiles: true)
        var (rest, count) = (validation, 0)
        while let last = documents.dropLast(count).last, rest.hasSuffix(last) {
            rest.removeLast(last.count)
            count += 1
        }
        #expect(rest.isEmpty && train + validation == documents.joined())
        let share = Double(validation.utf8.count) / Double(documents.joined().utf8.count)
        #expect(share > 0.09 && share <= 0.1)
    }

    @Test func aShareBelowACharacterIsOneCharacter() throws {
        let (train, validation) = try parts(
            ["long text", "another 😀"], fraction: 0.001, asFiles: true)
        #expect(train == "long textanother ")
        #expect(validation == "😀")
        let single = try parts(["long text", "é"], fraction: 0.001, asFiles: true)
        #expect(single.validation == "é")
    }

    @Test func aPartWithoutAWindowIsToldBeforeItIsWritten() throws {
        try scratch.write(String(repeating: "ab ", count: 100).utf8, to: "a.txt")
        let plan = try PreparationPlan(texts: scratch.texts([scratch.path("a.txt")]))
        let tokenizer = try CharacterTokenizer(text: "ab ")
        for tokenizer in [nil, tokenizer] {
            try plan.requireWindows(of: 29, in: [.train, .validation], tokenizer: tokenizer)
            try plan.requireWindows(of: 200, in: [.train], tokenizer: tokenizer)
            #expect(
                failureLine {
                    try plan.requireWindows(
                        of: 200, in: [.train, .validation], tokenizer: tokenizer)
                }.hasPrefix("the validation part of the text is shorter than one window: "))
            #expect(
                failureLine {
                    try plan.requireWindows(of: 300, in: [.train], tokenizer: tokenizer)
                }.hasPrefix("the train part of the text is shorter than one window: "))
        }
        // 30 tokens are no window of 30 and a target.
        #expect(
            failureLine {
                try plan.requireWindows(of: 30, in: [.validation], tokenizer: tokenizer)
            }.contains("expected at least 31 tokens, got 30"))
    }

    // MARK: Inputs

    @Test func inputsAreLookedAtBeforeAnyWork() throws {
        try FileManager.default.createDirectory(
            atPath: scratch.path("in"), withIntermediateDirectories: false)
        try scratch.write("text".utf8, to: "in/b.txt")
        try scratch.write("déjà ".data(using: .isoLatin1) ?? Data(), to: "in/a.txt")
        try scratch.write(" \n".utf8, to: "in/c.txt")
        let inputs = try TextInputs([scratch.path("in")])
        #expect(inputs.paths == ["a", "b", "c"].map { scratch.path("in/\($0).txt") })
        #expect(inputs.warnings.count == 2)
        #expect(
            inputs.warnings.first?.contains("in/a.txt is not UTF-8 but looks like Latin-1") == true)
        #expect(inputs.warnings.last == "there is no text in " + scratch.path("in/c.txt"))

        #expect(
            failureLine { _ = try TextInputs([scratch.path("in/c.txt")]) }.hasPrefix(
                "there is no text: expected at least one word, got an empty file"))
        try scratch.write([0x1F, 0x8B, 8, 0, 0, 0, 0], to: "in/d.gz")
        #expect(
            failureLine { _ = try TextInputs([scratch.path("in")]) }.hasPrefix(
                "the file is no text: expected text in UTF-8, got a gzip file ("))
    }
}
