import Diagnostics
import Files
import JSON

/// Finds and reads tokenizers on disk.
package enum TokenizerFile {
    /// Loads a tokenizer.json, a SentencePiece model (`*.model`), a published .tiktoken file, a
    /// directory that holds a tokenizer.json or tokenizer.model, or a directory with the two files of
    /// GPT-2's tokenizer. Of a directory the files that say what ends a text are read too.
    ///
    /// - Throws: `Failure` for a missing, malformed or unsupported file.
    ///
    /// - Parameter ends: what is known about ends of texts beside what the directory says.
    package static func load(
        _ path: String, ends more: EndOfText.Declared = .init()
    ) throws -> any Tokenizer {
        guard try exists(path) else {
            throw Failure(
                "cannot read the tokenizer", expected: "a tokenizer.json or a directory with one",
                got: "nothing", at: path, remedy: "name an existing file")
        }
        guard try DirectoryEntries.isFolder(path) else { return try loadFile(path, more) }
        let ends = try EndOfText.Declared(directory: path).merging(more)
        for name in ["tokenizer.json", SentencePieceModel.fileName] {
            let file = (path.hasSuffix("/") ? path : path + "/") + name
            if try exists(file) { return try loadFile(file, ends) }
            if let files = try GPT2Files(in: path) {
                return try files.tokenizer(read: read, ends: ends)
            }
        }
        throw Failure(
            "cannot read the tokenizer",
            expected: "tokenizer.json, tokenizer.model, or vocab.json and merges.txt",
            got: "none of them", at: path,
            remedy: "name a directory that holds a tokenizer")
    }

    /// Reads a .tiktoken file whose pattern and special tokens the caller knows.
    package static func load(
        tiktoken path: String, _ encoding: TiktokenFile.Encoding
    ) throws -> any Tokenizer {
        guard let file = TiktokenFile(try FileReader.bytes(of: path, what: what), at: path) else {
            throw Vocabulary.failure("a token in base64 and its rank a line", "none", path)
        }
        return try file.tokenizer(encoding)
    }

    /// Reads the tokenizer from the bytes of a tokenizer.json, which it keeps.
    ///
    /// - Parameters:
    ///   - place: names the bytes in a `Failure`.
    ///   - ends: what the files beside it say about ends of texts.
    package static func parse(
        _ json: [UInt8], at place: String, ends: EndOfText.Declared = .init()
    ) throws -> any Tokenizer {
        try tokenizer(try TokenizerDocument(json: json, at: place), TokenizerText(json), ends)
    }

    /// The tokenizer of a document that has no file yet.
    static func tokenizer(
        _ root: JSONValue, at place: String, ends: EndOfText.Declared = .init()
    ) throws -> any Tokenizer {
        try tokenizer(
            try TokenizerDocument(root, at: place), TokenizerText(root.rendered(.tokenizer)), ends)
    }

    /// The tokenizer of parts that have no file yet, and are put together again when that is asked for.
    static func tokenizer(
        at place: String, ends: EndOfText.Declared,
        of parts: @escaping @Sendable () -> TokenizerParts
    ) throws -> any Tokenizer {
        let text = TokenizerText { parts().root.rendered(.tokenizer) }
        return try tokenizer(try TokenizerDocument(parts().root, at: place), text, ends)
    }

    private static func tokenizer(
        _ document: TokenizerDocument, _ text: TokenizerText, _ ends: EndOfText.Declared
    ) throws -> any Tokenizer {
        switch document.model {
        case .characters: return try CharacterTokenizer(document, json: text.bytes)
        case .bytePairs(let model):
            return try BytePairTokenizer(document, model, text, ends: ends)
        case .unigram(let model):
            return try UnigramTokenizer(document, model, text, ends: ends)
        }
    }

    private static func loadFile(
        _ path: String, _ ends: EndOfText.Declared
    ) throws -> any Tokenizer {
        let bytes = try FileReader.bytes(of: path, what: what)
        if let file = TiktokenFile(bytes, at: path) { return try file.tokenizer() }
        let text = try checked(bytes, path)
        guard path.hasSuffix(".model") else { return try parse(text, at: path, ends: ends) }
        return try SentencePieceModel.tokenizer(text, at: path, ends: ends)
    }

    private static func exists(_ path: String) throws -> Bool {
        try DirectoryEntries.isThere(path, followsLinks: true)
    }

    private static let what = "cannot read the tokenizer"

    private static func read(_ path: String) throws -> [UInt8] {
        try checked(try FileReader.bytes(of: path, what: what), path)
    }

    private static func checked(_ bytes: [UInt8], _ path: String) throws -> [UInt8] {
        if let format = FileFormat(ofDocument: bytes) {
            throw format.failure(what, expected: "the file of a tokenizer", at: path)
        }
        return bytes
    }
}
