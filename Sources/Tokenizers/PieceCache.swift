/// The ids of pieces met before, for pieces of up to 23 bytes; bounded, and emptied when it is
/// full.
///
/// A key is the piece itself in three words with its length in the last byte, so a hit compares
/// no memory elsewhere. An entry is half a cache line.
struct PieceCache: ~Copyable {
    static let maximumLength = 23

    struct Key {
        var first: UInt64 = 0
        var second: UInt64 = 0
        var third: UInt64 = 0
    }

    private struct Entry: BitwiseCopyable {
        var first: UInt64 = 0
        var second: UInt64 = 0
        /// Holds the length, so that 0 is an empty entry.
        var third: UInt64 = 0
        var start: UInt32 = 0
        var count: UInt32 = 0
    }

    private static let bits: UInt64 = 16
    private static let maximumCount = 3 << Int(bits - 2)

    private let entries: UnsafeMutableBufferPointer<Entry>
    private let ids: UnsafeMutableBufferPointer<Int32>
    private var entryCount = 0
    private var idCount = 0

    init() {
        entries = .allocate(capacity: 1 << Int(Self.bits))
        entries.initialize(repeating: Entry())
        ids = .allocate(capacity: Self.maximumCount * 4)
    }

    deinit {
        entries.deallocate()
        ids.deallocate()
    }

    /// The key of a piece of 1 to 23 bytes; `readable` bytes from its start on may be read.
    @inline(__always)
    static func key(_ piece: UnsafePointer<UInt8>, count: Int, readable: Int) -> Key {
        let tag = UInt64(count) << 56
        guard readable >= 24 else { return copiedKey(piece, count: count, tag: tag) }
        let raw = UnsafeRawPointer(piece)
        let first = raw.loadUnaligned(as: UInt64.self)
        if count <= 8 { return Key(first: low(first, count), third: tag) }
        let second = raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        if count <= 16 { return Key(first: first, second: low(second, count - 8), third: tag) }
        let third = raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
        return Key(first: first, second: second, third: low(third, count - 16) | tag)
    }

    /// The slot that holds `key`, or the empty one where it belongs.
    @inline(__always)
    func slot(of key: Key) -> Int {
        var hash = (key.first ^ key.third) &* 0x9E37_79B9_7F4A_7C15
        hash = (hash ^ hash >> 32 ^ key.second) &* 0xD6E8_FEB8_6659_FD93
        var slot = Int(truncatingIfNeeded: hash >> (64 - Self.bits))
        while true {
            let entry = entries[slot]
            if entry.third == 0 { return slot }
            if entry.first == key.first, entry.third == key.third, entry.second == key.second {
                return slot
            }
            slot = (slot + 1) & (entries.count - 1)
        }
    }

    /// The ids at a slot; empty for a piece that is not in the cache.
    @inline(__always)
    subscript(slot: Int) -> UnsafeBufferPointer<Int32> {
        let entry = entries[slot]
        guard let base = ids.baseAddress else { return .init(start: nil, count: 0) }
        return .init(start: base + Int(entry.start), count: Int(entry.count))
    }

    mutating func insert(_ key: Key, _ newIDs: UnsafeBufferPointer<Int32>) {
        if entryCount == Self.maximumCount || idCount + newIDs.count > ids.count {
            entries.update(repeating: Entry())
            entryCount = 0
            idCount = 0
        }
        for (offset, id) in newIDs.enumerated() { ids[idCount + offset] = id }
        entries[slot(of: key)] = Entry(
            first: key.first, second: key.second, third: key.third, start: UInt32(idCount),
            count: UInt32(newIDs.count))
        entryCount += 1
        idCount += newIDs.count
    }

    /// The lowest `count` bytes of a word, 1 to 8.
    @inline(__always)
    private static func low(_ word: UInt64, _ count: Int) -> UInt64 {
        UInt64(littleEndian: word) & (UInt64.max >> UInt64(64 - 8 * count))
    }

    private static func copiedKey(
        _ piece: UnsafePointer<UInt8>, count: Int, tag: UInt64
    ) -> Key {
        var words: [UInt64] = [0, 0, tag]
        for index in 0..<count {
            words[index / 8] |= UInt64(piece[index]) << UInt64(8 * (index % 8))
        }
        return Key(first: words[0], second: words[1], third: words[2])
    }
}
