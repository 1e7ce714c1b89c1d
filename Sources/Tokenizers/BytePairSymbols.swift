/// The ids that the merging of a piece begins with: those of bytes, or of characters with bytes for
/// characters that have none.
struct BytePairSymbols: Sendable {
    /// The token of each byte, by the byte, -1 where there is none; those of byte-level BPE.
    private let byteIDs: [Int32]
    /// The token of each code point up to the greatest that has one, -1 where there is none; empty
    /// where bytes are merged.
    private let characterIDs: [Int32]
    /// The tokens `<0x00>` and so on, which stand for characters without a token.
    private let fallbackIDs: [Int32]
    /// The token for what has none; nil where that is left out.
    private let unknownID: Int32?
    /// Whether neighbours that have none become one unknown token.
    private let fusesUnknown: Bool
    private let isComplete: Bool

    /// - Parameter writesMarks: whether a space in the text stands for the mark of one.
    init(
        _ model: BytePairModel, isByteLevel: Bool, writesMarks: Bool, _ vocabulary: Vocabulary
    ) {
        let ids = vocabulary.ids
        let bytes = UInt8.min...UInt8.max
        byteIDs =
            isByteLevel ? bytes.map { ids[ByteAlphabet.spelling(of: [$0])] ?? -1 } : []
        characterIDs = isByteLevel ? [] : Self.characterIDs(vocabulary, writesMarks: writesMarks)
        fallbackIDs =
            model.fallsBackToBytes ? bytes.map { ids[ByteToken.spelling(of: $0)] ?? -1 } : []
        unknownID = model.unknownToken.flatMap { ids[$0] }
        fusesUnknown = model.fusesUnknown
        isComplete = isByteLevel && !byteIDs.contains(-1)
    }

    /// Appends the ids of well-formed text, before any merge.
    @inline(__always)
    func append(_ text: UnsafeBufferPointer<UInt8>, to ids: inout [Int32]) {
        if isComplete {
            for byte in text { ids.append(byteIDs[Int(byte)]) }
        } else {
            appendKnown(text, to: &ids)
        }
    }

    private func appendKnown(_ text: UnsafeBufferPointer<UInt8>, to ids: inout [Int32]) {
        guard let base = text.baseAddress else { return }
        var offset = 0
        // An unknown token waits for those that may fuse with it, even behind bytes, as in the
        // `tokenizers` library.
        var isWaiting = false
        while offset < text.count {
            let (value, length) = byteIDs.isEmpty ? (base + offset).codePoint : (0, 1)
            let id = byteIDs.isEmpty ? characterID(value) : byteIDs[Int(text[offset])]
            if id >= 0 {
                if isWaiting, let unknownID { ids.append(unknownID) }
                isWaiting = false
                ids.append(id)
            } else if !appendBytes(text[offset..<offset + length], to: &ids) {
                if isWaiting, !fusesUnknown, let unknownID { ids.append(unknownID) }
                isWaiting = unknownID != nil
            }
            offset += length
        }
        if isWaiting, let unknownID { ids.append(unknownID) }
    }

    @inline(__always)
    private func characterID(_ value: UInt32) -> Int32 {
        Int(value) < characterIDs.count ? characterIDs[Int(value)] : -1
    }

    /// Appends the tokens of the bytes of a character; false where one has none.
    private func appendBytes(
        _ bytes: Slice<UnsafeBufferPointer<UInt8>>, to ids: inout [Int32]
    ) -> Bool {
        guard !fallbackIDs.isEmpty, bytes.allSatisfy({ fallbackIDs[Int($0)] >= 0 }) else {
            return false
        }
        for byte in bytes { ids.append(fallbackIDs[Int(byte)]) }
        return true
    }

    private static func characterIDs(
        _ vocabulary: Vocabulary, writesMarks: Bool
    ) -> [Int32] {
        var found: [(value: Int, id: Int32)] = []
        for (id, token) in vocabulary.tokens.enumerated() where token.count <= 4 {
            let scalars = String(decoding: token, as: UTF8.self).unicodeScalars
            guard scalars.count == 1, let scalar = scalars.first else { continue }
            found.append((Int(scalar.value), Int32(id)))
        }
        var table = [Int32](repeating: -1, count: max(0x21, (found.map(\.value).max() ?? 0) + 1))
        for (value, id) in found { table[value] = id }
        if writesMarks { table[0x20] = vocabulary.ids[SpaceMark.bytes] ?? -1 }
        return table
    }
}
