import Diagnostics
import Tokenizers

/// A tokenizer whose tokens stand for given bytes, which may be parts of characters.
struct Pieces: Tokenizer {
    let pieces: [[UInt8]]
    var endOfTextID: Int32?
    var beginningOfTextID: Int32?

    var kind: TokenizerKind { .bpe }
    var vocabularySize: Int { pieces.count }
    var tokenizerJSON: [UInt8] { [] }

    /// One ASCII character for each token.
    static func letters(_ count: Int, endOfTextID: Int32? = nil) -> Pieces {
        Pieces(pieces: (0..<count).map { [UInt8(48 + $0)] }, endOfTextID: endOfTextID)
    }

    func encode(
        _ utf8: UnsafeBufferPointer<UInt8>, malformed: MalformedText, into ids: inout [Int32]
    ) throws -> Int {
        ids += utf8.map { Int32($0) - 48 }
        return 0
    }

    func appendBytes(of id: Int32, to bytes: inout [UInt8]) throws {
        bytes += pieces[Int(id)]
    }

    func text(_ ids: some Sequence<Int32>) -> String {
        String(decoding: ids.flatMap { pieces[Int($0)] }, as: UTF8.self)
    }
}
