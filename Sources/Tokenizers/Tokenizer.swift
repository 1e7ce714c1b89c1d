import Diagnostics

/// The kinds of tokenizers, by the meaning of their ids.
package enum TokenizerKind: String, Sendable {
    /// Byte-level byte-pair encoding, as GPT-2 has it: every text has an encoding.
    case bpe
    /// Byte-pair encoding of characters with bytes for rare ones, as Llama 2 has it: every text
    /// has an encoding.
    case sentencePiece = "sentencepiece"
    /// The most probable way to write a text with a vocabulary, as SentencePiece has it.
    case unigram
    /// One id for one code point of the text it was trained on.
    case character
}

/// The treatment of bytes that are not UTF-8.
package enum MalformedText: Sendable {
    /// Each maximal ill-formed part becomes U+FFFD, as Python's `errors="replace"` does, and is
    /// counted.
    case replaced
    /// The first one is a `Failure` that names its position.
    case refused
}

/// Text to token ids and back. Ids are 0..<vocabularySize; a few may mean no text.
///
/// A tokenizer is immutable and may be used by several threads at once.
package protocol Tokenizer: Sendable {
    var kind: TokenizerKind { get }
    var vocabularySize: Int { get }

    /// The id that follows every document, nil where the vocabulary has none.
    var endOfTextID: Int32? { get }

    /// All ids that end a text.
    var endOfText: EndOfText { get }

    /// The id that a text starts with for the model, nil where texts start without one. It is not
    /// part of what `encode` gives.
    var beginningOfTextID: Int32? { get }

    /// What `decode` takes off the front of a text, because `encode` put it there.
    var leadingSpace: LeadingSpace { get }

    /// The exact bytes of the tokenizer.json: those of the file it was loaded from, else a
    /// deterministic rendering in the format of the `tokenizers` library.
    var tokenizerJSON: [UInt8] { get }

    /// Appends the ids of `utf8` to `ids`. One call is one whole text: splitting a text may
    /// change its ids.
    ///
    /// - Returns: the number of ill-formed parts that were read as U+FFFD.
    /// - Throws: `Failure` for malformed text that is refused, and for text outside the
    ///   vocabulary.
    @discardableResult
    func encode(
        _ utf8: UnsafeBufferPointer<UInt8>, malformed: MalformedText, into ids: inout [Int32]
    ) throws -> Int

    /// Appends the ids of `utf8`, which goes on from the text of `ids`: no space is put before it as
    /// before a text of its own. Text that is not UTF-8 is refused.
    func encodeContinuation(_ utf8: UnsafeBufferPointer<UInt8>, into ids: inout [Int32]) throws

    /// Appends the bytes that `id` means, which may be a part of a character.
    ///
    /// - Throws: `Failure` for an id outside 0..<vocabularySize.
    func appendBytes(of id: Int32, to bytes: inout [UInt8]) throws
}

extension Tokenizer {
    package var beginningOfTextID: Int32? { nil }
    package var leadingSpace: LeadingSpace { .kept }

    package var endOfText: EndOfText { EndOfText(endOfTextID) }

    package func encodeContinuation(
        _ utf8: UnsafeBufferPointer<UInt8>, into ids: inout [Int32]
    ) throws {
        try encode(utf8, malformed: .refused, into: &ids)
    }

    package func encode(_ text: String) throws -> [Int32] {
        var ids: [Int32] = []
        var text = text
        try text.withUTF8 { _ = try encode($0, malformed: .refused, into: &ids) }
        return ids
    }

    package func encode(_ utf8: [UInt8], malformed: MalformedText = .replaced) throws -> [Int32] {
        var ids: [Int32] = []
        try utf8.withUnsafeBufferPointer { _ = try encode($0, malformed: malformed, into: &ids) }
        return ids
    }

    /// The text of `ids`, special tokens included; bytes that form no character become U+FFFD.
    package func decode(_ ids: some Sequence<Int32>) throws -> String {
        String(decoding: try textBytes(of: ids), as: UTF8.self)
    }

    /// The bytes of the text of `ids`.
    package func textBytes(of ids: some Sequence<Int32>) throws -> [UInt8] {
        guard leadingSpace != .kept else { return try bytes(of: ids) }
        var bytes: [UInt8] = []
        var isFirst = true
        for id in ids {
            try appendBytes(of: id, to: &bytes)
            // A first token without text leaves the space to the next one.
            if isFirst, !bytes.isEmpty || leadingSpace == .offFirstToken {
                leadingSpace.remove(from: &bytes)
                isFirst = false
            }
        }
        return bytes
    }

    /// The bytes of all ids, one after the other.
    package func bytes(of ids: some Sequence<Int32>) throws -> [UInt8] {
        var bytes: [UInt8] = []
        for id in ids { try appendBytes(of: id, to: &bytes) }
        return bytes
    }

    /// The id as an index into the vocabulary.
    func index(of id: Int32) throws -> Int {
        guard id >= 0, Int(id) < vocabularySize else {
            throw Failure(
                "cannot decode a token id", expected: "0..<\(vocabularySize)", got: "\(id)",
                remedy: "use the tokenizer that encoded these ids")
        }
        return Int(id)
    }
}
