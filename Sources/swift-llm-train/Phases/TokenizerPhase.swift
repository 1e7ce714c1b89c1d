import Diagnostics
import Foundation
import ModelFiles
import Tokenizers

/// Training of a tokenizer on text files.
enum TokenizerPhase {
    static func train(_ options: TokenizerOptions, input: [String]) throws -> any Tokenizer {
        guard options.kind == .character else {
            throw Failure(
                "tokenizer kind bpe is not built yet", remedy: "use --kind character", kind: .usage)
        }
        var scalars: Set<Unicode.Scalar> = []
        for path in input {
            let bytes = try FileReader.bytes(of: path)
            scalars.formUnion(String(decoding: bytes, as: UTF8.self).unicodeScalars)
        }
        return try CharacterTokenizer(scalars: scalars)
    }
}
