/// Counts how often hashes come; its memory is used again for the next text.
package final class HashCounter {
    private struct Entry {
        var hash: UInt64 = 0
        var count: UInt32 = 0
        /// The text for which the entry counts; others are empty.
        var round: UInt32 = 0
    }

    private var entries = UnsafeMutableBufferPointer<Entry>.allocate(capacity: 0)
    private var round: UInt32 = 0
    private var mask = 0

    package init() {}

    deinit { entries.deallocate() }

    /// Forgets everything, and makes room for so many hashes.
    package func begin(_ capacity: Int) {
        var size = 64
        while size < capacity * 2 { size *= 2 }
        if size > entries.count {
            entries.deallocate()
            entries = .allocate(capacity: size)
            entries.initialize(repeating: Entry())
            round = 0
        }
        mask = size - 1
        if round == .max {
            entries.update(repeating: Entry())
            round = 0
        }
        round += 1
    }

    /// Counts a hash.
    ///
    /// - Returns: how often it has come by now.
    @inline(__always)
    package func add(_ hash: UInt64) -> Int {
        let entries = entries.baseAddress.unsafelyUnwrapped
        var index = Int(truncatingIfNeeded: hash ^ (hash >> 32)) & mask
        while entries[index].round == round {
            if entries[index].hash == hash {
                entries[index].count &+= 1
                return Int(entries[index].count)
            }
            index = (index &+ 1) & mask
        }
        entries[index] = Entry(hash: hash, count: 1, round: round)
        return 1
    }

    /// How often the hash has come.
    @inline(__always)
    package func count(of hash: UInt64) -> Int {
        let entries = entries.baseAddress.unsafelyUnwrapped
        var index = Int(truncatingIfNeeded: hash ^ (hash >> 32)) & mask
        while entries[index].round == round {
            if entries[index].hash == hash { return Int(entries[index].count) }
            index = (index &+ 1) & mask
        }
        return 0
    }
}
