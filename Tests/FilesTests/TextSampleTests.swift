import Files
import Foundation
import TemporaryFolders
import Testing

@Suite struct TextSampleTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func bytes(_ text: String, _ encoding: String.Encoding) throws -> [UInt8] {
        [UInt8](try #require(text.data(using: encoding)))
    }

    /// The bytes of xorshift, from a fixed seed.
    private func noise(_ count: Int) -> [UInt8] {
        var state: UInt32 = 1
        return (0..<count).map { _ in
            state ^= state << 13
            state ^= state >> 17
            state ^= state << 5
            return UInt8(truncatingIfNeeded: state >> 11)
        }
    }

    private static let prose = "The king, the “queen”, naïve 日本語 😀.\tEnd\u{1B}[0m\r\n"

    @Test func textIsText() throws {
        for text in [
            Self.prose, "a", String(repeating: Self.prose, count: 9), "π", "a\u{FFFD}b", "",
        ] {
            let sample = TextSample([Array(text.utf8)])
            #expect(sample.refusal("x", at: "f") == nil)
            #expect(sample.warning(at: "f") == nil)
        }
        // One byte of zero in a long text is a slip.
        let long = Array(String(repeating: "all is well ", count: 100).utf8) + [0]
        #expect(TextSample([long]).refusal("x", at: "f") == nil)
    }

    @Test func binaryDataAreNoText() {
        for count in [64, 1000, 100_000] {
            let failure = TextSample([noise(count)]).refusal("the file is no text", at: "f")
            #expect(failure?.what == "the file is no text")
            #expect(failure?.got?.hasPrefix("binary data") == true, "\(count): \(failure as Any)")
        }
        #expect(TextSample([[1, 0, 0, 0, 2, 0, 0, 0]]).refusal("x", at: "f") != nil)
    }

    @Test func anotherEncodingIsToldAsSuch() throws {
        let latin = TextSample([try bytes("Le roi était là, déjà fatigué.", .isoLatin1)])
        #expect(latin.refusal("x", at: "f") == nil)
        #expect(latin.isLikeLatin1)
        #expect(latin.warning(at: "f")?.contains("looks like Latin-1 or Windows-1252") == true)
        let mixed = TextSample([Array("déjà ".utf8) + [0xE9]])
        #expect(mixed.warning(at: "f")?.contains("not UTF-8 throughout") == true)
        let cyrillic = TextSample([try bytes("Король устал и пошёл домой.", .windowsCP1251)])
        #expect(cyrillic.refusal("x", at: "f")?.got == "text in another encoding")
    }

    @Test func blankIsWhatHasNothingButWhiteSpace() {
        for text in ["", " \n\r\t"] { #expect(TextSample([Array(text.utf8)]).isBlank) }
        for text in ["a", " 。"] { #expect(!TextSample([Array(text.utf8)]).isBlank) }
    }

    /// Three bytes a character: the parts of the sample begin and end inside of some.
    @Test func partsOfALargeFileAreLookedAt() throws {
        let text = Array(String(repeating: "日本語", count: 400_000).utf8)
        try folder.put(text, at: "a")
        let sample = try TextSample(of: FileReader(path: folder("a")))
        #expect(sample.refusal("x", at: "f") == nil)
        #expect(sample.warning(at: "f") == nil)
        try folder.put(text + noise(4 << 20), at: "b")
        let half = try TextSample(of: FileReader(path: folder("b")))
        #expect(half.refusal("x", at: "f") != nil)
    }
}
