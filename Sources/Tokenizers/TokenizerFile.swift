import Diagnostics
import Files
import Foundation

/// Finds and reads tokenizers on disk.
package enum TokenizerFile {
    /// Loads a tokenizer.json, a SentencePiece model (`*.model`), a directory that holds a
    /// tokenizer.json or tokenizer.model, or a directory with GPT-2's encoder.json and vocab.bpe.
    ///
    /// - Throws: `Failure` for a missing, malformed or unsupported file.
    package static func load(_ path: String) throws -> any Tokenizer {
        guard try exists(path) else {
            throw Failure(
                "cannot read the tokenizer", expected: "a tokenizer.json or a directory with one",
                got: "nothing", at: path, remedy: "name an existing file")
        }
        guard try DirectoryEntries.isFolder(path) else { return try loadFile(path) }
        let inside = path.hasSuffix("/") ? path : path + "/"
        if try exists(inside + "tokenizer.json") { return try loadJSON(inside + "tokenizer.json") }
        if try exists(inside + "encoder.json"), try exists(inside + "vocab.bpe") {
            return try GPT2Files.tokenizer(
                encoderJSON: try read(inside + "encoder.json"),
                merges: try read(inside + "vocab.bpe"), at: path)
        }
        let model = inside + SentencePieceModel.fileName
        if try exists(model) { return try loadFile(model) }
        throw Failure(
            "cannot read the tokenizer",
            expected: "tokenizer.json, tokenizer.model, or encoder.json and vocab.bpe",
            got: "none of them", at: path,
            remedy: "name a directory that holds a tokenizer")
    }

    /// Reads the tokenizer from the bytes of a tokenizer.json, which it keeps.
    ///
    /// - Parameter place: names the bytes in a `Failure`.
    package static func parse(_ json: [UInt8], at place: String) throws -> any Tokenizer {
        let document = try TokenizerDocument(json: json, at: place)
        switch document.kind {
        case .character: return try CharacterTokenizer(document, json: json)
        case .bpe, .sentencePiece: return try BytePairTokenizer(document, json: json)
        }
    }

    private static func loadFile(_ path: String) throws -> any Tokenizer {
        guard path.hasSuffix(".model") else { return try loadJSON(path) }
        return try SentencePieceModel.tokenizer(try read(path), at: path)
    }

    private static func loadJSON(_ path: String) throws -> any Tokenizer {
        try parse(try read(path), at: path)
    }

    private static func exists(_ path: String) throws -> Bool {
        try DirectoryEntries.isThere(path, followsLinks: true)
    }

    private static func read(_ path: String) throws -> [UInt8] {
        let what = "cannot read the tokenizer"
        let bytes = try FileReader.bytes(of: path, what: what)
        if let format = FileFormat(ofDocument: bytes) {
            throw format.failure(what, expected: "the file of a tokenizer", at: path)
        }
        return bytes
    }
}
