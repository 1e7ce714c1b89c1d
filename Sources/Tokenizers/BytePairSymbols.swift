/// The ids that the merging of a piece begins with.
struct BytePairSymbols: Sendable {
    /// The token of each byte, by the byte.
    private let byteIDs: [Int32]
    /// The token of each code point up to the greatest that has one, -1 where there is none; empty
    /// where bytes are merged.
    private let characterIDs: [Int32]

    /// The character that SentencePiece writes for a space, U+2581.
    static let space: [UInt8] = [0xE2, 0x96, 0x81]

    /// - Parameter place: names the source in a `Failure`.
    init(_ symbols: BytePairScheme.Symbols, of vocabulary: Vocabulary, at place: String) throws {
        let ids = vocabulary.idsOfTokens
        byteIDs = try (UInt8.min...UInt8.max).map { byte in
            let spelling = Self.spelling(of: byte, symbols)
            guard let id = ids[spelling] else {
                throw Vocabulary.failure(
                    "a token for each of the 256 bytes",
                    "none for '\(String(decoding: spelling, as: UTF8.self))'", place)
            }
            return id
        }
        characterIDs = symbols == .bytes ? [] : Self.characterIDs(ids)
    }

    /// Appends the ids of well-formed text, before any merge.
    @inline(__always)
    func append(_ text: UnsafeBufferPointer<UInt8>, to ids: inout [Int32]) {
        if characterIDs.isEmpty {
            for byte in text { ids.append(byteIDs[Int(byte)]) }
        } else {
            appendCharacters(text, to: &ids)
        }
    }

    /// The bytes that a token means.
    static func bytes(ofToken token: [UInt8], _ symbols: BytePairScheme.Symbols) -> [UInt8] {
        switch symbols {
        case .bytes: return ByteAlphabet.bytes(spelledBy: token) ?? token
        case .characters:
            if let byte = byte(spelledBy: token) { return [byte] }
            return replacingSpaces(in: token)
        }
    }

    private func appendCharacters(_ text: UnsafeBufferPointer<UInt8>, to ids: inout [Int32]) {
        guard let base = text.baseAddress else { return }
        var offset = 0
        while offset < text.count {
            let (value, length) = (base + offset).codePoint
            let id = Int(value) < characterIDs.count ? characterIDs[Int(value)] : -1
            if id >= 0 {
                ids.append(id)
            } else {
                for byte in text[offset..<offset + length] { ids.append(byteIDs[Int(byte)]) }
            }
            offset += length
        }
    }

    private static func characterIDs(_ ids: [[UInt8]: Int32]) -> [Int32] {
        var found: [(value: Int, id: Int32)] = []
        for (token, id) in ids {
            let scalars = String(decoding: token, as: UTF8.self).unicodeScalars
            guard scalars.count == 1, let scalar = scalars.first else { continue }
            found.append((Int(scalar.value), id))
        }
        var table = [Int32](repeating: -1, count: max(0x21, (found.map(\.value).max() ?? 0) + 1))
        for (value, id) in found { table[value] = id }
        // A space in the text is written as U+2581, never as itself.
        table[0x20] = ids[space] ?? -1
        return table
    }

    /// `<0x0A>` and the like.
    private static func spelling(
        of byte: UInt8, _ symbols: BytePairScheme.Symbols
    ) -> [UInt8] {
        switch symbols {
        case .bytes: return Array(String(ByteAlphabet.scalars[Int(byte)]).utf8)
        case .characters:
            let digits = String(byte, radix: 16, uppercase: true)
            return Array("<0x\(digits.count < 2 ? "0" : "")\(digits)>".utf8)
        }
    }

    /// nil for what is no `<0x0A>` or the like.
    static func byte(spelledBy token: [UInt8]) -> UInt8? {
        guard token.count == 6, token.starts(with: "<0x".utf8), token[5] == UInt8(ascii: ">")
        else { return nil }
        return UInt8(String(decoding: token[3..<5], as: UTF8.self), radix: 16)
    }

    private static func replacingSpaces(in token: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = token[...]
        while let first = rest.first {
            let isSpace = rest.starts(with: space)
            bytes.append(isSpace ? 0x20 : first)
            rest = rest.dropFirst(isSpace ? space.count : 1)
        }
        return bytes
    }
}
