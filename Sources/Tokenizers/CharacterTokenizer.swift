import Diagnostics

/// One id for each code point of a text, in ascending order of code points.
///
/// It has no special token: text outside the vocabulary is refused, and a literal `<|endoftext|>`
/// is 13 characters.
package struct CharacterTokenizer: Tokenizer {
    /// The code point of each id.
    package let scalars: [Unicode.Scalar]
    package let tokenizerJSON: [UInt8]
    /// The id of each code point up to the greatest one; -1 where the vocabulary lacks it.
    private let ids: [Int32]

    package var kind: TokenizerKind { .character }
    package var vocabularySize: Int { scalars.count }
    package var endOfTextID: Int32? { nil }

    /// The tokenizer of all the code points of a text; the order of `scalars` does not matter.
    package init(scalars: some Sequence<Unicode.Scalar>) throws {
        let sorted = Set(scalars).sorted()
        guard !sorted.isEmpty else {
            throw Failure(
                "cannot train a character tokenizer", expected: "a text", got: "an empty one",
                remedy: "name files that hold text")
        }
        self.init(vocabulary: sorted, tokenizerJSON: Self.render(sorted))
    }

    package init(text: String) throws {
        try self.init(scalars: text.unicodeScalars)
    }

    init(vocabulary: [Unicode.Scalar], tokenizerJSON: [UInt8]) {
        scalars = vocabulary
        self.tokenizerJSON = tokenizerJSON
        let greatest = vocabulary.lazy.map(\.value).max() ?? 0
        var ids = [Int32](repeating: -1, count: Int(greatest) + 1)
        for (id, scalar) in vocabulary.enumerated() { ids[Int(scalar.value)] = Int32(id) }
        self.ids = ids
    }

    @discardableResult
    package func encode(
        _ utf8: UnsafeBufferPointer<UInt8>, malformed: MalformedText, into ids: inout [Int32]
    ) throws -> Int {
        try UTF8Text.withWellFormed(utf8, malformed: malformed) { try encode($0, into: &ids) }
    }

    package func appendBytes(of id: Int32, to bytes: inout [UInt8]) throws {
        bytes.append(contentsOf: UTF8.encode(scalars[try index(of: id)]).unsafelyUnwrapped)
    }

    private func encode(
        _ utf8: UnsafeBufferPointer<UInt8>, into result: inout [Int32]
    ) throws {
        guard let base = utf8.baseAddress else { return }
        var offset = 0
        try ids.withUnsafeBufferPointer { ids in
            while offset < utf8.count {
                let (value, length) = (base + offset).codePoint
                guard Int(value) < ids.count, ids[Int(value)] >= 0 else {
                    throw Self.unknown(value, at: offset, in: base)
                }
                result.append(ids[Int(value)])
                offset += length
            }
        }
    }

    private static func unknown(
        _ value: UInt32, at offset: Int, in base: UnsafePointer<UInt8>
    ) -> Failure {
        var position = 0
        var start = 0
        while start < offset {
            start += (base + start).codePoint.length
            position += 1
        }
        let scalar = Unicode.Scalar(value).map { "'\($0)' " } ?? ""
        let hexadecimal = String(value, radix: 16, uppercase: true)
        let padding = String(repeating: "0", count: max(0, 4 - hexadecimal.count))
        return Failure(
            "cannot encode a character", expected: "a character of the tokenizer's training text",
            got: "\(scalar)(U+\(padding)\(hexadecimal))",
            at: "character \(position), byte \(offset)",
            remedy: "remove it, or train the tokenizer on text that holds it")
    }
}
