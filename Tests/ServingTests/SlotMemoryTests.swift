import Diagnostics
import Models
import Serving
import Tensors
import Testing

/// The texts that are generated at once are those whose keys and values there is memory for.
@Suite struct SlotMemoryTests {
    /// Keys and values of a text: 2 * 2 layers * 128 tokens * 2 heads of 64.
    private static let model = DecoderConfiguration.llama(
        vocabularySize: 8, contextLength: 128, embeddingSize: 256, layerCount: 2, headCount: 4,
        keyValueHeadCount: 2, mlpSize: 96)
    private static let numberCount = 2 * 2 * 128 * 2 * 64

    private func slotCount(_ format: KeyValueFormat, bytes: Int) throws -> Int {
        try ModelServer.slotCount(
            100, Self.model, contextLength: 128, format: format, usableBytes: bytes)
    }

    /// Three quarters of what is free may be used.
    @Test func smallerKeysAndValuesMakeRoomForMoreTexts() throws {
        let bytes = 8 * 4 * Self.numberCount / 3 * 4 + 4
        #expect(try slotCount(.floats, bytes: bytes) == 8)
        #expect(try slotCount(.bfloat16, bytes: bytes) == 16)
        // 34 bytes for 32 numbers.
        #expect(try slotCount(.integers, bytes: bytes) == 30)
        #expect(try slotCount(.integers, bytes: 1 << 40) == 100)
    }

    @Test func aTextThatFitsNowhereIsRefusedWithTheRemedy() {
        let bytes = 4 * Self.numberCount
        #expect(throws: Failure.self) { try slotCount(.floats, bytes: bytes) }
        #expect((try? slotCount(.bfloat16, bytes: bytes)) == 1)
        do {
            _ = try slotCount(.floats, bytes: bytes)
        } catch {
            #expect("\(error)".hasSuffix("a lower --context or --cache q8 makes room"))
        }
    }
}
