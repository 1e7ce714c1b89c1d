import Crypto
import Diagnostics
import Tokenizers

/// What a token shard records about its tokens: the attributes of the root group.
package struct TokenShardAttributes: Codable, Equatable, Sendable {
    /// The name of the kind of tokenizer, for the reader's eye.
    package var tokenizerName: String
    /// SHA-256, in lower-case hexadecimal, of the tokenizer.json that made the tokens.
    package var tokenizerSHA256: String
    /// Every token id is less than this.
    package var vocabularySize: Int
    /// The id that follows every document; nil where the tokenizer has none (stored as -1).
    package var endOfTextID: Int32?
    /// SHA-256 of the bytes of the source text of this shard; of a text of several blocks that of
    /// their hashes, one after the other.
    package var sourceSHA256: String
    /// Where the text comes from, as JSON; nil where nobody knows.
    package var provenance: String?

    package init(
        tokenizerName: String, tokenizerSHA256: String, vocabularySize: Int, endOfTextID: Int32?,
        sourceSHA256: String, provenance: String? = nil
    ) {
        self.tokenizerName = tokenizerName
        self.tokenizerSHA256 = tokenizerSHA256
        self.vocabularySize = vocabularySize
        self.endOfTextID = endOfTextID
        self.sourceSHA256 = sourceSHA256
        self.provenance = provenance
    }

    static let formatVersion = 1
    static let sourceName = "source_sha256"
    private static let provenanceName = "provenance"
    /// Bytes; an attribute of HDF5 has less than 64 KiB.
    package static let maximumProvenanceSize = 48 << 10

    /// In the place of the hash of a source that has not been read yet.
    static let openSourceSHA256 = String(repeating: "0", count: 64)

    var tokenSize: Int { Self.tokenSize(vocabularySize: vocabularySize) }

    /// Two bytes a token where the vocabulary fits, else four.
    static func tokenSize(vocabularySize: Int) -> Int { vocabularySize <= 1 << 16 ? 2 : 4 }

    init(reading file: HDF5File) throws {
        let version = try file.integer(named: "format_version")
        guard version == Self.formatVersion else {
            throw Failure(
                "the token shard has another format version", expected: "\(Self.formatVersion)",
                got: "\(version)", at: file.path, remedy: "prepare the text again")
        }
        tokenizerName = try file.string(named: "tokenizer_name")
        tokenizerSHA256 = try file.string(named: "tokenizer_sha256")
        sourceSHA256 = try file.string(named: Self.sourceName)
        provenance = try file.stringIfThere(
            named: Self.provenanceName, maximumSize: Self.maximumProvenanceSize)
        vocabularySize = try file.integer(named: "vocabulary_size")
        guard vocabularySize > 0, vocabularySize <= Int(Int32.max) else {
            throw Failure(
                "the token shard has no valid vocabulary size", expected: "1 to \(Int32.max)",
                got: "\(vocabularySize)", at: file.path)
        }
        let endOfTextID = try file.integer(named: "end_of_text_id")
        guard endOfTextID >= -1, endOfTextID < vocabularySize else {
            throw Failure(
                "the token shard has no valid end-of-text id",
                expected: "-1 to \(vocabularySize - 1)", got: "\(endOfTextID)", at: file.path)
        }
        self.endOfTextID = endOfTextID < 0 ? nil : Int32(endOfTextID)
    }

    func write(to file: HDF5File) throws {
        try file.write(Self.formatVersion, named: "format_version")
        try file.write(tokenizerName, named: "tokenizer_name")
        try file.write(tokenizerSHA256, named: "tokenizer_sha256")
        try file.write(vocabularySize, named: "vocabulary_size")
        try file.write(endOfTextID.map(Int.init) ?? -1, named: "end_of_text_id")
        try file.write(sourceSHA256, named: Self.sourceName)
        if let provenance { try file.write(provenance, named: Self.provenanceName) }
    }
}

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
