import Diagnostics
import Files

/// Reads a SentencePiece model file (`tokenizer.model`), a protocol buffer `ModelProto`.
///
/// Fields: 1 pieces (1 text, 2 score, 3 kind), 2 trainer (3 kind of model), 3 normalizer (2 table of
/// characters, 3 prefix, 4 removal of spaces, 5 escape of spaces).
/// Source: sentencepiece_model.proto of google/sentencepiece.
enum SentencePieceModel {
    static let fileName = "tokenizer.model"

    static func tokenizer(_ bytes: [UInt8], at place: String) throws -> any Tokenizer {
        var vocabulary = SentencePieceVocabulary(pieces: [])
        var kind: UInt64 = 1
        var normalizer = try ProtocolBuffer([], at: place)
        for (number, value) in try ProtocolBuffer(bytes, at: place).fields {
            switch (number, value) {
            case (1, .bytes(let piece)):
                vocabulary.pieces.append(
                    try self.piece(try ProtocolBuffer(piece, at: place), place))
            case (2, .bytes(let trainer)):
                kind = try ProtocolBuffer(trainer, at: place).integer(3) ?? kind
            case (3, .bytes(let bytes)): normalizer = try ProtocolBuffer(bytes, at: place)
            default: continue
            }
        }
        guard kind == 2 else {
            throw Vocabulary.failure("a SentencePiece model of kind 2, BPE", "kind \(kind)", place)
        }
        try check(normalizer, place)
        vocabulary.addsPrefix = normalizer.integer(3) != 0
        return try vocabulary.tokenizer(at: place)
    }

    private static func check(_ normalizer: ProtocolBuffer, _ place: String) throws {
        guard normalizer.bytes(2)?.isEmpty ?? true, normalizer.integer(4) == 0,
            normalizer.integer(5) != 0
        else {
            throw Vocabulary.failure(
                "a normalizer that only escapes spaces, with remove_extra_whitespaces false",
                "one that changes the text", place)
        }
    }

    private static func piece(
        _ piece: ProtocolBuffer, _ place: String
    ) throws -> SentencePieceVocabulary.Piece {
        let number = piece.integer(3) ?? 1
        let kinds: [UInt64: SentencePieceVocabulary.Piece.Kind] = [
            1: .normal, 2: .unknown, 3: .control, 6: .byte,
        ]
        let score = piece.float(2) ?? 0
        guard let text = piece.bytes(1), !text.isEmpty, let kind = kinds[number], score.isFinite
        else {
            throw Vocabulary.failure(
                "pieces with a text and of the kinds normal, unknown, control or byte",
                "kind \(number)", place)
        }
        return .init(text: text, score: score, kind: kind)
    }
}

/// The fields of one message.
struct ProtocolBuffer {
    enum Value {
        case integer(UInt64)
        case float(Float)
        case bytes([UInt8])
        /// Eight bytes, of which nothing here is needed.
        case other
    }

    private(set) var fields: [(number: UInt64, value: Value)] = []

    init(_ bytes: [UInt8], at place: String) throws {
        var input = ByteInput(bytes, at: place)
        while !input.isAtEnd {
            let tag = try input.varint("a field")
            switch tag & 7 {
            case 0: fields.append((tag >> 3, .integer(try input.varint("an integer"))))
            case 1:
                _ = try input.bytes(8, "a number")
                fields.append((tag >> 3, .other))
            case 2:
                let count = Int(exactly: try input.varint("a length")) ?? .max
                fields.append((tag >> 3, .bytes(try input.bytes(count, "a field"))))
            case 5:
                let bits = UInt32(bitPattern: try input.int32("a number"))
                fields.append((tag >> 3, .float(Float(bitPattern: bits))))
            default: throw Vocabulary.failure("a protocol buffer", "wire type \(tag & 7)", place)
            }
        }
    }

    func integer(_ number: UInt64) -> UInt64? {
        guard case .integer(let value)? = last(number) else { return nil }
        return value
    }

    func float(_ number: UInt64) -> Float? {
        guard case .float(let value)? = last(number) else { return nil }
        return value
    }

    func bytes(_ number: UInt64) -> [UInt8]? {
        guard case .bytes(let value)? = last(number) else { return nil }
        return value
    }

    /// The last value of a field, which counts where a field occurs twice; nil where there is none.
    private func last(_ number: UInt64) -> Value? { fields.last { $0.number == number }?.value }
}
