import Crypto
import Tokenizers

extension Tokenizer {
    /// SHA-256 of the tokenizer.json, in lower-case hexadecimal: what `tokenizer_sha256` holds.
    package var tokenizerSHA256: String {
        hexadecimal(SHA256.hash(data: tokenizerJSON))
    }
}

extension TokenStream {
    /// Refuses shards of another tokenizer than this one.
    package func require(_ tokenizer: some Tokenizer) throws {
        try require(
            tokenizerSHA256: tokenizer.tokenizerSHA256, vocabularySize: tokenizer.vocabularySize)
    }
}

func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
