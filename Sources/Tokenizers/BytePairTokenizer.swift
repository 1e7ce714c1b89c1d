import Diagnostics
import Synchronization

/// Byte-level byte-pair encoding as GPT-2 and the `tokenizers` library have it.
///
/// Text is first split at added tokens, then into the pieces of GPT-2's pattern; the bytes of
/// each piece are merged in the order of the merges. A literal `<|endoftext|>` is thus the one id
/// of that token.
package final class BytePairTokenizer: Tokenizer {
    /// The spelling of the token that separates documents.
    package static let endOfText = "<|endoftext|>"

    package let vocabularySize: Int
    package let endOfTextID: Int32?
    package let tokenizerJSON: [UInt8]

    /// The bytes of all tokens, one after the other, and where each one starts.
    private let tokenBytes: [UInt8]
    private let tokenStarts: [Int]
    private let merges: PairTable
    private let byteIDs: [Int32]
    /// Added tokens are matched in two rounds: those of the raw text, then those of normalized
    /// text.
    private let rawTokens: AddedTokenMatcher
    private let normalizedTokens: AddedTokenMatcher
    /// Encoders at rest; a call takes one with its cache and brings it back.
    private let encoders = Mutex<[BytePairEncoder]>([])

    package var kind: TokenizerKind { .bpe }

    /// - Parameter place: names the source in a `Failure`.
    init(
        _ vocabulary: Vocabulary, merges: [Merge], tokenizerJSON: [UInt8], at place: String
    ) throws {
        let bytes = vocabulary.tokens.map { ByteAlphabet.bytes(spelledBy: $0) ?? $0 }
        tokenBytes = Array(bytes.joined())
        tokenStarts = bytes.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        vocabularySize = vocabulary.tokens.count
        self.merges = PairTable(merges)
        byteIDs = try Self.byteIDs(vocabulary, at: place)
        rawTokens = AddedTokenMatcher(vocabulary.addedTokens.filter { !$0.isNormalized })
        normalizedTokens = AddedTokenMatcher(vocabulary.addedTokens.filter(\.isNormalized))
        let endOfText = Array(Self.endOfText.utf8)
        endOfTextID = vocabulary.addedTokens.first { $0.content == endOfText }?.id
        self.tokenizerJSON = tokenizerJSON
    }

    @discardableResult
    package func encode(
        _ utf8: UnsafeBufferPointer<UInt8>, malformed: MalformedText, into ids: inout [Int32]
    ) throws -> Int {
        let encoder =
            encoders.withLock { $0.popLast() }
            ?? BytePairEncoder(table: merges, byteIDs: byteIDs)
        defer { encoders.withLock { $0.append(encoder) } }
        return try UTF8Text.withWellFormed(utf8, malformed: malformed) { text in
            encode(text, with: encoder, into: &ids)
        }
    }

    package func appendBytes(of id: Int32, to bytes: inout [UInt8]) throws {
        let index = try index(of: id)
        bytes.append(contentsOf: tokenBytes[tokenStarts[index]..<tokenStarts[index + 1]])
    }

    private func encode(
        _ utf8: UnsafeBufferPointer<UInt8>, with encoder: BytePairEncoder,
        into ids: inout [Int32]
    ) {
        var result: [Int32] = []
        swap(&result, &ids)
        rawTokens.split(utf8) { text in
            normalizedTokens.split(text) {
                encoder.encode($0, into: &result)
            } token: {
                result.append($0)
            }
        } token: {
            result.append($0)
        }
        swap(&result, &ids)
    }

    /// The id of each byte. All 256 are required: else some text would have no encoding.
    private static func byteIDs(_ vocabulary: Vocabulary, at place: String) throws -> [Int32] {
        let ids = vocabulary.idsOfTokens
        return try ByteAlphabet.scalars.map { scalar in
            guard let id = ids[Array(String(scalar).utf8)] else {
                throw Vocabulary.failure(
                    "a token for each of the 256 bytes", "none for '\(scalar)'", place)
            }
            return id
        }
    }
}
