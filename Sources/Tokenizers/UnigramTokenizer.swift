import Diagnostics

/// The Unigram model of SentencePiece as the `tokenizers` library has it: of all ways to write a
/// piece with tokens the one with the greatest sum of scores.
package final class UnigramTokenizer: Tokenizer {
    package let kind = TokenizerKind.unigram
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
    private let lattice: UnigramLattice

    /// - Parameter text: the file of `document`.
    init(
        _ document: TokenizerDocument, _ model: UnigramModel, _ text: TokenizerText,
        ends: EndOfText.Declared
    ) throws {
        tokens = try TokenTexts(document)
        pipeline = try TextPipeline(document)
        frame = document.frame
        lattice = UnigramLattice(model, writesMarks: pipeline.writesMarks)
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
        let cutter = PreTokenizer(pipeline.pattern)
        return try UTF8Text.withWellFormed(utf8, malformed: malformed) { text in
            try pipeline.encode(text, isContinuation: isContinuation, into: &ids) { stretch, ids in
                guard let base = stretch.baseAddress else { return }
                var start = 0
                while start < stretch.count {
                    let end = cutter.endOfPiece(base, from: start, to: stretch.count)
                    try lattice.encode(.init(rebasing: stretch[start..<end]), into: &ids)
                    start = end
                }
            }
        }
    }

    package func appendBytes(of id: Int32, to bytes: inout [UInt8]) throws {
        tokens.append(try index(of: id), to: &bytes)
    }
}
