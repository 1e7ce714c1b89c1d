import Diagnostics
import Synchronization

/// Byte-pair encoding as the `tokenizers` library has it: that of GPT-2 and Llama 3, which merges
/// bytes, and that of SentencePiece and Llama 2, which merges characters.
///
/// Text is first split at added tokens, normalized, and cut into pieces; the symbols of each
/// piece are merged in the order of the merges. A literal `<|endoftext|>` is thus the one id of
/// that token.
package final class BytePairTokenizer: Tokenizer {
    /// The spelling of the token that separates documents.
    package static let endOfText = "<|endoftext|>"

    package let kind: TokenizerKind
    package let endOfText: EndOfText
    package var tokenizerJSON: [UInt8] { text.bytes }
    package var vocabularySize: Int { tokens.count }
    package var endOfTextID: Int32? { endOfText.separatorID }
    package var beginningOfTextID: Int32? { frame.beginID }
    package var leadingSpace: LeadingSpace { tokens.leadingSpace }

    private let text: TokenizerText
    private let tokens: TokenTexts
    private let pipeline: TextPipeline
    private let frame: TextFrame
    private let merges: PairTable
    private let symbols: BytePairSymbols
    private let wholePieces: [[UInt8]: Int32]
    /// Encoders at rest; a call takes one with its cache and brings it back.
    private let encoders = Mutex<[BytePairEncoder]>([])

    /// - Parameter text: the file of `document`.
    init(
        _ document: TokenizerDocument, _ model: BytePairModel, _ text: TokenizerText,
        ends: EndOfText.Declared
    ) throws {
        kind = document.kind
        let vocabulary = document.vocabulary
        tokens = try TokenTexts(document)
        pipeline = try TextPipeline(document)
        frame = document.frame
        merges = PairTable(try model.merges(ids: vocabulary.ids, at: document.place))
        symbols = BytePairSymbols(
            model, isByteLevel: document.pieces.isByteLevel, writesMarks: pipeline.writesMarks,
            vocabulary)
        wholePieces = model.takesWholePieces ? Self.wholePieces(document) : [:]
        endOfText = EndOfText(ends, document)
        self.text = text
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
                table: merges, symbols: symbols, pattern: pipeline.pattern,
                wholePieces: wholePieces)
        defer { encoders.withLock { $0.append(encoder) } }
        return try UTF8Text.withWellFormed(utf8, malformed: malformed) { text in
            try pipeline.encode(text, isContinuation: isContinuation, into: &ids) {
                encoder.encode($0, into: &$1)
            }
        }
    }

    package func appendBytes(of id: Int32, to bytes: inout [UInt8]) throws {
        tokens.append(try index(of: id), to: &bytes)
    }

    /// The tokens of the model by the bytes of pieces.
    private static func wholePieces(_ document: TokenizerDocument) -> [[UInt8]: Int32] {
        var pieces: [[UInt8]: Int32] = [:]
        let tokens = document.vocabulary.tokens.prefix(document.vocabulary.modelCount)
        for (id, token) in tokens.enumerated() where !token.isEmpty {
            if document.pieces.isByteLevel {
                guard let bytes = ByteAlphabet.bytes(spelledBy: token) else { continue }
                pieces[bytes] = Int32(id)
            } else {
                pieces[token] = Int32(id)
            }
        }
        return pieces
    }
}
