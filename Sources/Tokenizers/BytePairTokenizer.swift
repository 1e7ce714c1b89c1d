import Diagnostics
import Synchronization

/// Byte-pair encoding as the `tokenizers` library has it: that of GPT-2 and Llama 3, which merges
/// bytes, and that of SentencePiece and Llama 2, which merges characters.
///
/// Text is first split at added tokens, then into the pieces of a pattern; the symbols of each
/// piece are merged in the order of the merges. A literal `<|endoftext|>` is thus the one id of
/// that token.
package final class BytePairTokenizer: Tokenizer {
    /// The spelling of the token that separates documents.
    package static let endOfText = "<|endoftext|>"
    /// The spellings that published tokenizers have for it; the first that is there counts.
    private static let endsOfText = [endOfText, "<|end_of_text|>", "</s>"]

    package let kind: TokenizerKind
    package let vocabularySize: Int
    package let endOfTextID: Int32?
    package let beginningOfTextID: Int32?
    package let tokenizerJSON: [UInt8]
    package var stripsSpace: Bool { scheme.stripsSpace }

    /// The bytes of all tokens, one after the other, and where each one starts.
    private let tokenBytes: [UInt8]
    private let tokenStarts: [Int]
    private let merges: PairTable
    private let symbols: BytePairSymbols
    private let scheme: BytePairScheme
    private let wholePieces: [[UInt8]: Int32]
    /// Added tokens are matched in two rounds: those of the raw text, then those of normalized
    /// text.
    private let rawTokens: AddedTokenMatcher
    private let normalizedTokens: AddedTokenMatcher
    private let addedIDs: Set<Int32>
    /// Encoders at rest; a call takes one with its cache and brings it back.
    private let encoders = Mutex<[BytePairEncoder]>([])

    /// - Parameter place: names the source in a `Failure`.
    init(
        _ vocabulary: Vocabulary, merges: [Merge], scheme: BytePairScheme,
        tokenizerJSON: [UInt8], at place: String
    ) throws {
        kind = scheme.symbols == .bytes ? .bpe : .sentencePiece
        let bytes = vocabulary.tokens.map {
            BytePairSymbols.bytes(ofToken: $0, scheme.symbols)
        }
        tokenBytes = Array(bytes.joined())
        tokenStarts = bytes.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        vocabularySize = vocabulary.tokens.count
        self.merges = PairTable(merges)
        symbols = try BytePairSymbols(scheme.symbols, of: vocabulary, at: place)
        self.scheme = scheme
        wholePieces = scheme.takesWholePieces ? Self.wholePieces(vocabulary, bytes) : [:]
        rawTokens = AddedTokenMatcher(vocabulary.addedTokens.filter { !$0.isNormalized })
        normalizedTokens = AddedTokenMatcher(vocabulary.addedTokens.filter(\.isNormalized))
        addedIDs = Set(vocabulary.addedTokens.map(\.id))
        endOfTextID =
            Self.endsOfText.lazy.compactMap { end in
                vocabulary.addedTokens.first { $0.content.elementsEqual(end.utf8) }?.id
            }.first
        beginningOfTextID = scheme.beginningOfTextID
        self.tokenizerJSON = tokenizerJSON
    }

    @discardableResult
    package func encode(
        _ utf8: UnsafeBufferPointer<UInt8>, malformed: MalformedText, into ids: inout [Int32]
    ) throws -> Int {
        try encode(utf8, isContinuation: false, malformed: malformed, into: &ids)
    }

    package func encodeContinuation(
        _ utf8: UnsafeBufferPointer<UInt8>, into ids: inout [Int32]
    ) throws {
        _ = try encode(utf8, isContinuation: true, malformed: .refused, into: &ids)
    }

    private func encode(
        _ utf8: UnsafeBufferPointer<UInt8>, isContinuation: Bool, malformed: MalformedText,
        into ids: inout [Int32]
    ) throws -> Int {
        let encoder =
            encoders.withLock { $0.popLast() }
            ?? BytePairEncoder(
                table: merges, symbols: symbols, pattern: scheme.pattern, wholePieces: wholePieces)
        defer { encoders.withLock { $0.append(encoder) } }
        return try UTF8Text.withWellFormed(utf8, malformed: malformed) { text in
            encode(text, isContinuation: isContinuation, with: encoder, into: &ids)
        }
    }

    package func appendBytes(of id: Int32, to bytes: inout [UInt8]) throws {
        let index = try index(of: id)
        bytes.append(contentsOf: tokenBytes[tokenStarts[index]..<tokenStarts[index + 1]])
    }

    private func encode(
        _ utf8: UnsafeBufferPointer<UInt8>, isContinuation: Bool, with encoder: BytePairEncoder,
        into ids: inout [Int32]
    ) {
        var result: [Int32] = []
        swap(&result, &ids)
        rawTokens.split(utf8) { text in
            normalizedTokens.split(text) { part in
                let isStart = part.baseAddress == utf8.baseAddress
                let isJoined =
                    isContinuation && isStart && !(result.last.map(addedIDs.contains) ?? true)
                encode(
                    part, startsText: isStart && !isContinuation, isJoined: isJoined,
                    with: encoder, into: &result)
            } token: {
                result.append($0)
            }
        } token: {
            result.append($0)
        }
        swap(&result, &ids)
    }

    /// A part between added tokens, with the space before it that the scheme asks for.
    ///
    /// - Parameter isJoined: whether it goes on from other text, not from an added token.
    private func encode(
        _ part: UnsafeBufferPointer<UInt8>, startsText: Bool, isJoined: Bool,
        with encoder: BytePairEncoder, into ids: inout [Int32]
    ) {
        let startsWithSpace = part.first == 0x20 || part.starts(with: BytePairSymbols.space)
        let isPrefixed =
            switch scheme.spacePrefix {
            case .none: false
            case .everyPart: !isJoined
            case .everyPartWithoutSpace: !isJoined && !startsWithSpace
            case .startWithoutSpace: startsText && !startsWithSpace
            }
        guard isPrefixed else { return encoder.encode(part, into: &ids) }
        ([0x20] + part).withUnsafeBufferPointer { encoder.encode($0, into: &ids) }
    }

    /// The tokens of the model by their bytes; added ones are found before.
    private static func wholePieces(
        _ vocabulary: Vocabulary, _ bytes: [[UInt8]]
    ) -> [[UInt8]: Int32] {
        let added = Set(vocabulary.addedTokens.map(\.id))
        var pieces: [[UInt8]: Int32] = [:]
        for (id, bytes) in bytes.enumerated() where !added.contains(Int32(id)) {
            pieces[bytes] = Int32(id)
        }
        return pieces
    }
}
