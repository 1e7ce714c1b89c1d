/// The memory that one thread needs to encode: the cache of pieces and room for the ids of one
/// stretch of text.
///
/// Unchecked Sendable: it changes as it works, and belongs to one call at a time (see
/// `BytePairTokenizer`).
final class BytePairEncoder: @unchecked Sendable {
    private let preTokenizer: PreTokenizer
    private let wholePieces: [[UInt8]: Int32]
    private var cache = PieceCache()
    private var merger: PieceMerger
    /// Ids go through a fixed buffer: appending one by one to an array costs a check and a call
    /// each.
    private let buffer = UnsafeMutableBufferPointer<Int32>.allocate(capacity: 4_096)

    /// - Parameter wholePieces: pieces that are one token, whatever the merges are.
    init(
        table: PairTable, symbols: BytePairSymbols, pattern: PreTokenizer.Pattern,
        wholePieces: [[UInt8]: Int32]
    ) {
        preTokenizer = PreTokenizer(pattern)
        self.wholePieces = wholePieces
        merger = PieceMerger(table: table, symbols: symbols)
    }

    deinit { buffer.deallocate() }

    /// Appends the ids of well-formed text that holds no added token.
    func encode(_ text: UnsafeBufferPointer<UInt8>, into ids: inout [Int32]) {
        guard let base = text.baseAddress else { return }
        var count = 0
        var start = 0
        while start < text.count {
            let end = preTokenizer.endOfPiece(base, from: start, to: text.count)
            let piece = idsOfPiece(base + start, count: end - start, readable: text.count - start)
            if count + piece.count > buffer.count {
                ids.append(contentsOf: buffer[..<count])
                count = 0
            }
            if piece.count > buffer.count {
                ids.append(contentsOf: piece)
            } else {
                for index in 0..<piece.count { buffer[count + index] = piece[index] }
                count += piece.count
            }
            start = end
        }
        ids.append(contentsOf: buffer[..<count])
    }

    /// The ids of one piece, valid until the next call.
    @inline(__always)
    private func idsOfPiece(
        _ piece: UnsafePointer<UInt8>, count: Int, readable: Int
    ) -> UnsafeBufferPointer<Int32> {
        guard count <= PieceCache.maximumLength else {
            return merged(UnsafeBufferPointer(start: piece, count: count))
        }
        let key = PieceCache.key(piece, count: count, readable: readable)
        let slot = cache.slot(of: key)
        let known = cache[slot]
        if known.count > 0 { return known }
        return inserted(key, UnsafeBufferPointer(start: piece, count: count))
    }

    @inline(never)
    private func inserted(
        _ key: PieceCache.Key, _ piece: UnsafeBufferPointer<UInt8>
    ) -> UnsafeBufferPointer<Int32> {
        merge(piece)
        merger.ids.withUnsafeBufferPointer { cache.insert(key, $0) }
        return cache[cache.slot(of: key)]
    }

    @inline(never)
    private func merged(_ piece: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<Int32> {
        merge(piece)
        return merger.keptIDs
    }

    private func merge(_ piece: UnsafeBufferPointer<UInt8>) {
        if !wholePieces.isEmpty, let id = wholePieces[Array(piece)] {
            merger.take(id)
        } else {
            merger.merge(piece)
        }
    }
}
