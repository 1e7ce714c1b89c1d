import Diagnostics
import Files

/// Reads a SentencePiece model file (`tokenizer.model`), a protocol buffer `ModelProto`.
///
/// Fields: 1 pieces (1 text, 2 score, 3 kind), 2 trainer (3 kind of model, 24 spaces as suffixes, 41 id
/// of the begin of a text), 3 normalizer (2 table of characters, 3 prefix, 4 removal of spaces, 5 escape
/// of spaces), 5 denormalizer (2 table). Source: sentencepiece_model.proto of google/sentencepiece.
enum SentencePieceModel {
    static let fileName = "tokenizer.model"

    static func tokenizer(
        _ bytes: [UInt8], at place: String, ends: EndOfText.Declared = .init()
    ) throws -> any Tokenizer {
        var vocabulary = SentencePieceVocabulary(pieces: [])
        var trainer = try ProtocolBuffer([], at: place)
        var normalizer = trainer
        var denormalizer = trainer
        for (number, value) in try ProtocolBuffer(bytes, at: place).fields {
            switch (number, value) {
            case (1, .bytes(let piece)):
                vocabulary.pieces.append(
                    try self.piece(try ProtocolBuffer(piece, at: place), place))
            case (2, .bytes(let bytes)): trainer = try ProtocolBuffer(bytes, at: place)
            case (3, .bytes(let bytes)): normalizer = try ProtocolBuffer(bytes, at: place)
            case (5, .bytes(let bytes)): denormalizer = try ProtocolBuffer(bytes, at: place)
            default: continue
            }
        }
        vocabulary.isUnigram = try isUnigram(trainer, place)
        try check(trainer, normalizer, denormalizer, place)
        vocabulary.characterTable = normalizer.bytes(2) ?? []
        vocabulary.addsPrefix = normalizer.integer(3) != 0
        vocabulary.removesSpaces = normalizer.integer(4) != 0
        return try vocabulary.tokenizer(at: place, ends: ends)
    }

    private static func isUnigram(_ trainer: ProtocolBuffer, _ place: String) throws -> Bool {
        switch trainer.integer(3) ?? 1 {
        case 1: return true
        case 2: return false
        case let kind:
            throw Vocabulary.failure(
                "a SentencePiece model of kind 1, Unigram, or 2, BPE", "kind \(kind)", place)
        }
    }

    private static func check(
        _ trainer: ProtocolBuffer, _ normalizer: ProtocolBuffer, _ denormalizer: ProtocolBuffer,
        _ place: String
    ) throws {
        guard normalizer.integer(5) != 0 else {
            throw Vocabulary.failure("escape_whitespaces true", "false", place)
        }
        guard trainer.integer(24) ?? 0 == 0 else {
            throw Vocabulary.failure("treat_whitespace_as_suffix false", "true", place)
        }
        guard denormalizer.bytes(2)?.isEmpty ?? true else {
            throw Vocabulary.failure("no denormalizer", "a table of characters", place)
        }
    }

    private static func piece(
        _ piece: ProtocolBuffer, _ place: String
    ) throws -> SentencePieceVocabulary.Piece {
        let number = piece.integer(3) ?? 1
        let kinds: [UInt64: SentencePieceVocabulary.Piece.Kind] = [
            1: .normal, 2: .unknown, 3: .control, 4: .userDefined, 6: .byte,
        ]
        let score = piece.float(2) ?? 0
        guard let text = piece.bytes(1), !text.isEmpty, let kind = kinds[number], score.isFinite
        else {
            throw Vocabulary.failure(
                "pieces with a text and of the kinds normal, unknown, control, user-defined or byte",
                "kind \(number)", place)
        }
        return .init(text: text, score: score, kind: kind)
    }
}
