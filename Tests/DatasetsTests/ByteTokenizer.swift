import Tokenizers

/// Bytes as ids, with an end of text: enough to see where documents end.
struct ByteTokenizer: Tokenizer {
    var kind: TokenizerKind { .bpe }
    var vocabularySize: Int { 257 }
    var endOfTextID: Int32? { 256 }
    var tokenizerJSON: [UInt8] { Array(#"{"byte":"s"}"#.utf8) }

    func encode(
        _ utf8: UnsafeBufferPointer<UInt8>, malformed: MalformedText, into ids: inout [Int32]
    ) throws -> Int {
        ids.append(contentsOf: utf8.map { Int32($0) })
        return 0
    }

    func appendBytes(of id: Int32, to bytes: inout [UInt8]) throws {
        bytes.append(UInt8(truncatingIfNeeded: id))
    }
}
