/// The rank and the result of each merge, by its pair of ids: open addressing, at most a third
/// full.
///
/// A found merge is one number, rank above result, so that the lowest number is the first merge.
final class PairTable: @unchecked Sendable {
    static let none = UInt64.max

    // Unchecked Sendable: written by the initialiser alone.
    private let keys: UnsafeMutableBufferPointer<UInt64>
    private let values: UnsafeMutableBufferPointer<UInt64>
    private let shift: UInt64

    /// Makes the table of merges; the last merge of a pair that occurs twice counts, as in the
    /// `tokenizers` library.
    init(_ merges: [Merge]) {
        var bits: UInt64 = 4
        while 1 << bits < 3 * merges.count { bits += 1 }
        shift = 64 - bits
        keys = .allocate(capacity: 1 << Int(bits))
        values = .allocate(capacity: 1 << Int(bits))
        keys.initialize(repeating: Self.none)
        values.initialize(repeating: Self.none)
        for (rank, merge) in merges.enumerated() {
            let slot = slot(of: merge.pair)
            keys[slot] = merge.pair
            values[slot] = UInt64(rank) << 32 | UInt64(merge.result)
        }
    }

    deinit {
        keys.deallocate()
        values.deallocate()
    }

    /// The merge of two neighbours, `none` where there is none.
    @inline(__always)
    func merge(_ left: Int32, _ right: Int32) -> UInt64 {
        values[slot(of: Merge.pair(left, right))]
    }

    @inline(__always)
    private func slot(of pair: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: (pair &* 0x9E37_79B9_7F4A_7C15) >> shift)
        while keys[slot] != pair && keys[slot] != Self.none {
            slot = (slot + 1) & (keys.count - 1)
        }
        return slot
    }
}

/// Two neighbouring ids that become one.
struct Merge: Equatable, Sendable {
    /// The left id above the right one: pairs are ordered as their ids.
    var pair: UInt64
    var result: Int32

    var left: Int32 { Int32(truncatingIfNeeded: pair >> 32) }
    var right: Int32 { Int32(truncatingIfNeeded: pair) }

    @inline(__always)
    static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }
}
