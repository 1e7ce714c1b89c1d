import Testing
import Tokenizers

/// A tokenizer whose ids are bytes, so that characters fall into parts.
private struct ByteTokenizer: Tokenizer {
    let kind = TokenizerKind.bpe
    let vocabularySize = 256
    let endOfTextID: Int32? = nil
    let tokenizerJSON: [UInt8] = []

    func encode(
        _ utf8: UnsafeBufferPointer<UInt8>, malformed: MalformedText, into ids: inout [Int32]
    ) throws -> Int {
        ids += utf8.map(Int32.init)
        return 0
    }

    func appendBytes(of id: Int32, to bytes: inout [UInt8]) throws {
        bytes.append(UInt8(id))
    }
}

struct StreamingDecoderTests {
    @Test func partsHoldOnlyWholeCharacters() throws {
        var decoder = StreamingDecoder(ByteTokenizer())
        let parts = try Array("aé€\u{1F600}".utf8).map { try decoder.append(Int32($0)) }
        #expect(parts == ["a", "", "é", "", "", "€", "", "", "", "\u{1F600}"])
        #expect(decoder.finish().isEmpty)
    }

    @Test func joinedPartsEqualTheWholeDecoding() throws {
        var generator = SystemRandomNumberGenerator()
        let bytes: [Int32] = [0x41, 0x80, 0xBF, 0xC2, 0xE2, 0x82, 0xAC, 0xED, 0xF0, 0x9F, 0xF5]
        for _ in 0..<5_000 {
            let ids = (0..<12).map { _ in bytes.randomElement(using: &generator) ?? 0x41 }
            var decoder = StreamingDecoder(ByteTokenizer())
            var text = try ids.map { try decoder.append($0) }.joined()
            text += decoder.finish()
            #expect(Array(text.utf8) == Array(try ByteTokenizer().decode(ids).utf8))
        }
    }
}
