import Diagnostics
import Testing
import Tokenizers

struct BytePairTokenizerTests {
    private struct Reference: Decodable {
        var configuration: Configuration
        var cases: [EncodingCase]
        var classes: String
    }

    private let reference: Reference
    private let tokenizer: any Tokenizer

    init() throws {
        reference = try Fixture.decode(Reference.self, from: "bpe.json")
        tokenizer = try TokenizerFile.load(Fixture.path("bpe-tokenizer.json"))
    }

    @Test func idsEqualThoseOfTheTokenizersLibrary() throws {
        #expect(reference.cases.count > 300)
        for example in reference.cases {
            #expect(try tokenizer.encode(example.text) == example.ids, "\(example.text)")
        }
    }

    @Test func decodingGivesTheExactText() throws {
        for example in reference.cases {
            let text = try tokenizer.decode(example.ids)
            #expect(text.utf8.elementsEqual(example.text.utf8), "\(example.text)")
        }
    }

    /// The text of `class_text` in the script: it would tell a letter from a number in every
    /// block of Unicode.
    @Test func classesOfCodePointsEqualThoseOfTheTokenizersLibrary() throws {
        var text = ""
        for value in stride(from: UInt32(0), to: 0x110000, by: 17) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            text.unicodeScalars.append(contentsOf: ["a", scalar, " ", scalar, "1", scalar])
        }
        #expect(Fixture.hash(try tokenizer.encode(text)) == reference.classes)
    }

    @Test func endOfTextIsOneIDWithinText() throws {
        #expect(tokenizer.endOfTextID == 0)
        let ids = try tokenizer.encode("a<|endoftext|><|endoftext|")
        #expect(ids.filter { $0 == 0 }.count == 1)
        #expect(ids[1] == 0)
    }

    @Test func configurationIsThatWhichAutoTokenizerWasCheckedWith() throws {
        let json = try tokenizer.tokenizerConfigJSON(maximumLength: 64)
        let configuration = try Fixture.decode(Configuration.self, from: json)
        #expect(configuration == reference.configuration)
    }

    @Test func everyByteHasAnID() throws {
        let bytes = (0..<256).map { UInt8($0) }
        let single = try tokenizer.bytes(of: Int32(1)...256)
        #expect(single.sorted() == bytes)
    }

    @Test func malformedBytesAreCountedOrRefused() throws {
        var ids: [Int32] = []
        let bytes: [UInt8] = [0x61, 0xFF, 0x62, 0xE2, 0x82]
        let count = try bytes.withUnsafeBufferPointer {
            try tokenizer.encode($0, malformed: .replaced, into: &ids)
        }
        #expect(count == 2)
        #expect(try tokenizer.decode(ids) == "a\u{FFFD}b\u{FFFD}")
        let failure = try #require(throws: Failure.self) {
            try tokenizer.encode(bytes, malformed: .refused)
        }
        #expect(failure.got == "byte 0xff at offset 1")
    }

    @Test func idsAreAppendedToThoseBefore() throws {
        var ids: [Int32] = [7]
        try Array("a".utf8).withUnsafeBufferPointer {
            _ = try tokenizer.encode($0, malformed: .refused, into: &ids)
        }
        #expect(ids == [7] + (try tokenizer.encode("a")))
    }

    /// More pieces than the cache holds, twice, so that it is emptied on the way.
    @Test func fullCacheChangesNoIDs() throws {
        var text = ""
        for number in 0..<60_000 { text += " \(String(number * 7_919, radix: 36))" }
        let once = try tokenizer.encode(text)
        #expect(try tokenizer.decode(once) == text)
        #expect(try tokenizer.encode(text) == once)
    }

    /// Pieces on both sides of the cache's longest one, alike but for the number of their zero bytes.
    @Test func piecesOfEveryLengthAreToldApart() throws {
        var text = ""
        for length in 1...40 {
            for zeros in 0...length {
                text += " " + String(repeating: "!", count: length - zeros)
                text += String(repeating: "\0", count: zeros)
            }
        }
        #expect(try tokenizer.decode(tokenizer.encode(text + text)) == text + text)
    }

    @Test func oneTokenizerServesManyTasksAtOnce() async throws {
        let (tokenizer, cases) = (tokenizer, reference.cases)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    try cases.allSatisfy { try tokenizer.encode($0.text) == $0.ids }
                }
            }
            for try await isEqual in group { #expect(isEqual) }
        }
    }

    @Test func addedTokensAreFoundAsInTheTokenizersLibrary() throws {
        struct Added: Decodable {
            var cases: [EncodingCase]
        }
        let tokenizer = try TokenizerFile.load(Fixture.path("added-tokenizer.json"))
        #expect(tokenizer.vocabularySize > self.tokenizer.vocabularySize)
        for example in try Fixture.decode(Added.self, from: "added.json").cases {
            #expect(try tokenizer.encode(example.text) == example.ids, "\(example.text)")
            #expect(try tokenizer.decode(example.ids) == example.decoded, "\(example.text)")
        }
    }
}
