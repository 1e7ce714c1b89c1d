import Testing
import Tokenizers

/// The standard library repairs UTF-8 by the same rule (maximal ill-formed parts), so it is the
/// reference.
struct MalformedTextTests {
    @Test func replacementEqualsThatOfTheStandardLibrary() throws {
        var generator = SystemRandomNumberGenerator()
        let interesting: [UInt8] = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0,
            0xE1, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF,
        ]
        let texts = (0..<5_000).map { _ in
            (0..<Int.random(in: 0..<24, using: &generator)).map { _ in
                interesting.randomElement(using: &generator) ?? 0
            }
        }
        let repaired = texts.map { String(decoding: $0, as: UTF8.self) }.joined()
        let tokenizer = try CharacterTokenizer(text: repaired)
        for bytes in texts {
            let decoded = try tokenizer.decode(tokenizer.encode(bytes))
            #expect(Array(decoded.utf8) == Array(String(decoding: bytes, as: UTF8.self).utf8))
        }
    }

    @Test func wellFormedTextOfEveryPlaneIsKept() throws {
        let edges: [UInt32] = [0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF]
        let values = Set(edges).union(stride(from: 0, to: 0x110000, by: 97)).sorted()
        let text = String(String.UnicodeScalarView(values.compactMap(Unicode.Scalar.init)))
        let tokenizer = try CharacterTokenizer(text: text)
        let ids = try tokenizer.encode(text)
        #expect(ids.elementsEqual(0..<Int32(text.unicodeScalars.count)))
    }
}
