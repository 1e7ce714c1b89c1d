/// A bijection of 0..<count, chosen by a key, computed for one index at a time without a table.
///
/// A balanced Feistel network permutes 0..<4^h, the least such power not below `count`; an index
/// that lands outside 0..<count goes round again until it lands inside (cycle walking), which takes
/// at most four rounds on average once `count` exceeds the smallest domain.
/// The round function is the finalizer of SplitMix64.
///
/// Source: J. Black, P. Rogaway, "Ciphers with arbitrary finite domains", 2002 (cycle walking);
/// G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014 (SplitMix64).
package struct KeyedPermutation: Sendable {
    package let count: Int
    private let halfBits: UInt64
    private let roundKeys: [UInt64]

    /// Halves of fewer bits would allow too few different round functions for an even shuffle.
    private static let minimumHalfBits = 4
    private static let roundCount = 8

    /// - Parameters:
    ///   - seed: the seed of the run.
    ///   - epoch: each epoch has a permutation of its own.
    ///   - part: each part of an epoch has one of its own; nil where the epoch has no parts.
    package init(count: Int, seed: UInt64, epoch: Int, part: Int? = nil) {
        precondition(count > 0, "a permutation of at least one index, got \(count)")
        self.count = count
        let bits = Int.bitWidth - (count - 1).leadingZeroBitCount
        halfBits = UInt64(max(Self.minimumHalfBits, (bits + 1) / 2))
        // Mixed one after the other, so that (seed, epoch) and (epoch, seed) differ.
        let ofEpoch = Self.mix(Self.mix(seed) &+ UInt64(bitPattern: Int64(epoch)))
        let key = part.map { Self.mix(ofEpoch ^ UInt64(bitPattern: Int64($0))) } ?? ofEpoch
        roundKeys = (1...UInt64(Self.roundCount)).map { Self.mix(key &+ $0 &* Self.increment) }
    }

    /// The image of `index`, which must lie in 0..<count.
    package subscript(index: Int) -> Int {
        precondition(index >= 0 && index < count, "\(index) is not in 0..<\(count)")
        var value = UInt64(index)
        repeat { value = permuteDomain(value) } while value >= UInt64(count)
        return Int(value)
    }

    private func permuteDomain(_ value: UInt64) -> UInt64 {
        let mask = (1 << halfBits) - 1 as UInt64
        var left = value >> halfBits
        var right = value & mask
        for key in roundKeys {
            (left, right) = (right, left ^ (Self.mix(right ^ key) & mask))
        }
        return left << halfBits | right
    }

    /// 2^64 divided by the golden ratio, as SplitMix64 has it.
    private static let increment: UInt64 = 0x9E37_79B9_7F4A_7C15

    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value &+ increment
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
