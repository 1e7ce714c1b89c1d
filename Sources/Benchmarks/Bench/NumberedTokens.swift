import Diagnostics
import Tokenizers

/// The tokens of a model of random weights: numbers that mean no text.
struct NumberedTokens: Tokenizer {
    let vocabularySize: Int

    var kind: TokenizerKind { .bpe }
    var endOfTextID: Int32? { nil }
    var tokenizerJSON: [UInt8] { [] }

    func encode(
        _ utf8: UnsafeBufferPointer<UInt8>, malformed: MalformedText, into ids: inout [Int32]
    ) throws -> Int {
        throw Failure("random weights have no tokens of a text", expected: "ids", got: "a text")
    }

    func appendBytes(of id: Int32, to bytes: inout [UInt8]) throws {}
}
