import Files
import ModelFiles
import Tokenizers

/// The files of llama2.c and of SentencePiece.
extension FuzzTarget {
    static let llama2C = FuzzTarget(
        name: "llama2c", file: "model.bin",
        prepare: { folder in
            let tied = llama2CModel([8, 12, 2, 2, 1, 5, 3], floats: 1052)
            try write(tied, folder, "model.bin")
            return [llama2CModel([8, 12, 2, 2, 1, -5, 3], floats: 1092)]
        },
        read: { folder in
            let checkpoint = try Llama2CCheckpoint(path: folder + "/model.bin")
            for (name, shape) in checkpoint.configuration.tensorShapes {
                var values = [Float](repeating: 0, count: shape.reduce(1, *))
                try values.withUnsafeMutableBufferPointer {
                    try checkpoint.readTensor(named: name, into: $0)
                }
            }
        })

    static let llama2CTokenizer = FuzzTarget(
        name: "llama2c_tokenizer", file: "tokenizer.bin",
        prepare: { folder in
            let bytes = pieces.map { piece in
                word(piece.score.bitPattern) + word(UInt32(piece.text.count)) + piece.text
            }
            try write(word(8) + bytes.joined(), folder, "tokenizer.bin")
            return []
        },
        read: { folder in
            try encodeAndDecode(with: Llama2CTokenizer.load(folder + "/tokenizer.bin"))
        })

    static let sentencePiece = FuzzTarget(
        name: "sentencepiece", file: "tokenizer.model",
        prepare: { folder in
            // Fields of protocol buffers: number times 8, plus 0 for an integer, 2 for bytes with
            // their length, and 5 for four bytes.
            let messages = pieces.map { piece -> [UInt8] in
                var message: [UInt8] = [0x0A, UInt8(piece.text.count)]
                message += piece.text
                message += [0x15] + word(piece.score.bitPattern)
                message += [0x18, piece.kind]
                return [0x0A, UInt8(message.count)] + message
            }
            let trainer: [UInt8] = [0x12, 2, 0x18, 2]
            let normalizer: [UInt8] = [0x1A, 6, 0x18, 1, 0x20, 0, 0x28, 1]
            try write(messages.joined() + trainer + normalizer, folder, "tokenizer.model")
            return []
        },
        read: { try encodeAndDecode(with: TokenizerFile.load($0)) })

    /// Unknown, beginning and end; the bytes; letters and what they join to.
    private static let pieces: [(text: [UInt8], score: Float, kind: UInt8)] = {
        let special = ["<unk>", "<s>", "</s>"].enumerated().map { id, text in
            (Array(text.utf8), Float(0), UInt8(id == 0 ? 2 : 3))
        }
        let bytes = (0..<256).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return (Array("<0x\(byte < 16 ? "0" : "")\(digits)>".utf8), Float(0), UInt8(6))
        }
        let words = ["a", "t", "c", "\u{2581}", "at", "cat", "\u{2581}cat", "ü"]
        return special + bytes
            + words.enumerated().map { (Array($1.utf8), -Float($0), 1) }
    }()

    private static func encodeAndDecode(with tokenizer: any Tokenizer) throws {
        let text = "the cat  sat at Ünïcode 🙂 <s>\n"
        _ = try tokenizer.decode(tokenizer.encode(text))
        _ = try tokenizer.tokenizerConfigJSON(maximumLength: 16)
    }

    private static func llama2CModel(_ header: [Int32], floats: Int) -> [UInt8] {
        header.flatMap { word(UInt32(bitPattern: $0)) }
            + (0..<floats).flatMap { word(Float($0).bitPattern) }
    }

    private static func word(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}
