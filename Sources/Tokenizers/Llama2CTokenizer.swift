import Diagnostics
import Files

/// Reads the tokenizer of a llama2.c checkpoint (`tokenizer.bin`).
///
/// Little-endian: the length of the longest piece (Int32); then for each piece its score (Float), its
/// length (Int32) and its bytes, with spaces as spaces. Ids 0, 1 and 2 are unknown, beginning and
/// end of text; the next 256 are the bytes. Source: llama2.c, tokenizer.py and run.c.
package enum Llama2CTokenizer {
    private static let firstByteID = 3

    /// - Parameter vocabularySize: of the model that the tokenizer belongs to; nil takes the file's.
    /// - Throws: `Failure` for a file that is damaged or of another kind.
    package static func load(
        _ path: String, vocabularySize: Int? = nil
    ) throws -> any Tokenizer {
        var input = ByteInput(try FileReader.bytes(of: path), at: path)
        let longest = Int(try input.int32("the length of the longest piece"))
        var pieces: [SentencePieceVocabulary.Piece] = []
        while !input.isAtEnd {
            let score = Float(bitPattern: UInt32(bitPattern: try input.int32("a score")))
            let length = Int(try input.int32("a length"))
            guard length >= 0, length <= longest || pieces.count < firstByteID, score.isFinite
            else {
                throw Vocabulary.failure(
                    "piece \(pieces.count) of at most \(longest) bytes and a finite score",
                    "\(length) bytes, score \(score)", path)
            }
            pieces.append(piece(pieces.count, score, try input.bytes(length, "a piece")))
        }
        guard pieces.count == vocabularySize ?? pieces.count, pieces.count >= firstByteID + 256
        else {
            throw Vocabulary.failure(
                "\(vocabularySize.map { "\($0)" } ?? "at least \(firstByteID + 256)") pieces",
                "\(pieces.count)", path)
        }
        return try SentencePieceVocabulary(pieces: pieces).tokenizer(at: path)
    }

    private static func piece(
        _ id: Int, _ score: Float, _ bytes: [UInt8]
    ) -> SentencePieceVocabulary.Piece {
        switch id {
        case 0: .init(text: Array("<unk>".utf8), score: score, kind: .unknown)
        case 1: .init(text: Array("<s>".utf8), score: score, kind: .control)
        case 2: .init(text: Array("</s>".utf8), score: score, kind: .control)
        case firstByteID..<firstByteID + 256: .init(text: bytes, score: score, kind: .byte)
        default:
            .init(
                text: bytes.flatMap { $0 == 0x20 ? SpaceMark.bytes : [$0] }, score: score,
                kind: .normal)
        }
    }
}
