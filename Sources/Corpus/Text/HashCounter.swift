/// Counts how often hashes come; its memory is used again for the next text.
package struct HashCounter {
    private var keys: [UInt64] = []
    private var counts: [UInt32] = []
    private var rounds: [UInt32] = []
    private var round: UInt32 = 0
    private var mask = 0

    /// Forgets everything, and makes room for so many hashes.
    package mutating func begin(_ capacity: Int) {
        var size = 64
        while size < capacity * 2 { size *= 2 }
        if size > keys.count {
            keys = Array(repeating: 0, count: size)
            counts = Array(repeating: 0, count: size)
            rounds = Array(repeating: 0, count: size)
            round = 0
        }
        mask = size - 1
        round &+= 1
        if round == 0 {
            rounds = Array(repeating: 0, count: rounds.count)
            round = 1
        }
    }

    /// Counts a hash.
    ///
    /// - Returns: how often it has come by now.
    @inline(__always)
    package mutating func add(_ hash: UInt64) -> Int {
        var index = Int(truncatingIfNeeded: hash ^ (hash >> 32)) & mask
        while rounds[index] == round {
            if keys[index] == hash {
                counts[index] &+= 1
                return Int(counts[index])
            }
            index = (index + 1) & mask
        }
        rounds[index] = round
        keys[index] = hash
        counts[index] = 1
        return 1
    }

    /// How often the hash has come.
    @inline(__always)
    package func count(of hash: UInt64) -> Int {
        var index = Int(truncatingIfNeeded: hash ^ (hash >> 32)) & mask
        while rounds[index] == round {
            if keys[index] == hash { return Int(counts[index]) }
            index = (index + 1) & mask
        }
        return 0
    }
}
