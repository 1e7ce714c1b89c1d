import Diagnostics
import Testing
import Tokenizers

struct CharacterTokenizerTests {
    private struct Reference: Decodable {
        var text: String
        var ids: [Int32]
        var configuration: Configuration
    }

    private let reference: Reference
    private let tokenizer: CharacterTokenizer

    init() throws {
        reference = try Fixture.decode(Reference.self, from: "character.json")
        tokenizer = try CharacterTokenizer(text: reference.text)
    }

    @Test func idsEqualThoseOfTheTokenizersLibrary() throws {
        #expect(try tokenizer.encode(reference.text) == reference.ids)
    }

    @Test func decodingGivesTheExactText() throws {
        let text = try tokenizer.decode(reference.ids)
        #expect(text.unicodeScalars.elementsEqual(reference.text.unicodeScalars))
    }

    @Test func idsAreAscendingCodePoints() throws {
        let tokenizer = try CharacterTokenizer(text: "b\u{212B}a\u{00C5}\nb")
        #expect(tokenizer.scalars == ["\n", "a", "b", "\u{00C5}", "\u{212B}"])
        #expect(try tokenizer.encode("\u{212B}\u{00C5}") == [4, 3])
        #expect(tokenizer.endOfTextID == nil)
    }

    @Test func savedFileEqualsThatOfTheTokenizersLibrary() throws {
        let expected = try Fixture.bytes("character-tokenizer.json")
        #expect(tokenizer.tokenizerJSON == expected)
    }

    @Test func configurationIsThatWhichAutoTokenizerWasCheckedWith() throws {
        let json = try tokenizer.tokenizerConfigJSON(maximumLength: 64)
        let configuration = try Fixture.decode(Configuration.self, from: json)
        #expect(configuration == reference.configuration)
    }

    @Test func loadedTokenizerKeepsTheBytesAndTheIds() throws {
        let spaced = try Fixture.bytes("character-tokenizer.json") + [0x0A, 0x20]
        let loaded = try TokenizerFile.parse(spaced, at: "memory")
        #expect(loaded.kind == .character)
        #expect(loaded.tokenizerJSON == spaced)
        #expect(try loaded.encode(reference.text) == reference.ids)
    }

    @Test func unknownCharacterIsNamedWithItsPosition() throws {
        let tokenizer = try CharacterTokenizer(text: "aé")
        let failure = try #require(throws: Failure.self) { try tokenizer.encode("éa\u{1F600}a") }
        #expect(failure.got == "'\u{1F600}' (U+1F600)")
        #expect(failure.place == "character 2, byte 3")
    }

    @Test func emptyTextTrainsNoTokenizer() {
        #expect(throws: Failure.self) { try CharacterTokenizer(text: "") }
    }

    @Test(arguments: [-1, 2, Int32.max, Int32.min])
    func idOutsideTheVocabularyIsRefused(id: Int32) throws {
        let tokenizer = try CharacterTokenizer(text: "ab")
        #expect(throws: Failure.self) { try tokenizer.decode([id]) }
    }

    @Test func malformedTextIsReplacedAndCounted() throws {
        let tokenizer = try CharacterTokenizer(text: "ab\u{FFFD}")
        var ids: [Int32] = []
        let bytes: [UInt8] = [0x61, 0xFF, 0xE2, 0x82, 0x62]
        let count = try bytes.withUnsafeBufferPointer {
            try tokenizer.encode($0, malformed: .replaced, into: &ids)
        }
        #expect(count == 2)
        #expect(ids == [0, 2, 2, 1])
        #expect(throws: Failure.self) { try tokenizer.encode(bytes, malformed: .refused) }
    }
}
