/// The random numbers of Python's `random.Random`, so that samples and bootstraps are those of the
/// harness.
///
/// Source: Matsumoto and Nishimura, Mersenne Twister (1998).
package struct PythonRandom {
    private static let size = 624
    private var state = [UInt32](repeating: 0, count: Self.size)
    private var index = Self.size

    package init(seed: UInt32) {
        fill(from: 19_650_218)
        var previous = state[0]
        for step in 0..<Self.size {
            let place = step % (Self.size - 1) + 1
            if step > 0, place == 1 { previous = state[Self.size - 1] }
            let mixed = previous ^ (previous >> 30)
            state[place] = (state[place] ^ (mixed &* 1_664_525)) &+ seed
            previous = state[place]
        }
        finish()
    }

    private mutating func fill(from first: UInt32) {
        state[0] = first
        for place in 1..<Self.size {
            let last = state[place - 1]
            state[place] = 1_812_433_253 &* (last ^ (last >> 30)) &+ UInt32(place)
        }
    }

    /// The second round, which goes on where the first one ended.
    private mutating func finish() {
        state[0] = state[Self.size - 1]
        var place = 2
        for _ in 0..<Self.size - 1 {
            let last = state[place - 1]
            state[place] =
                (state[place] ^ ((last ^ (last >> 30)) &* 1_566_083_941)) &- UInt32(place)
            place += 1
            if place == Self.size {
                state[0] = state[Self.size - 1]
                place = 1
            }
        }
        state[0] = 0x8000_0000
    }

    private mutating func refill() {
        for place in 0..<Self.size {
            let next = state[(place + 1) % Self.size]
            let mixed = (state[place] & 0x8000_0000) | (next & 0x7FFF_FFFF)
            let twist: UInt32 = mixed & 1 == 0 ? 0 : 0x9908_B0DF
            state[place] = state[(place + 397) % Self.size] ^ (mixed >> 1) ^ twist
        }
        index = 0
    }

    /// The next 32 bits.
    package mutating func word() -> UInt32 {
        if index == Self.size { refill() }
        var word = state[index]
        index += 1
        word ^= word >> 11
        word ^= (word << 7) & 0x9D2C_5680
        word ^= (word << 15) & 0xEFC6_0000
        return word ^ (word >> 18)
    }

    /// A number from 0 to below 1 of 53 bits.
    package mutating func uniform() -> Double {
        let (high, low) = (word() >> 5, word() >> 6)
        return (Double(high) * 67_108_864 + Double(low)) / 9_007_199_254_740_992
    }

    /// A number below a bound, as `_randbelow` draws it.
    mutating func below(_ bound: Int) -> Int {
        let bits = Int.bitWidth - bound.leadingZeroBitCount
        while true {
            let number = Int(word() >> UInt32(32 - bits))
            if number < bound { return number }
        }
    }

    /// Some of the elements, each at most once, as `random.sample` draws them.
    ///
    /// - Precondition: there are as many, and fewer than 2^31.
    package mutating func sample<Element>(_ elements: [Element], _ count: Int) -> [Element] {
        precondition(count <= elements.count, "expected at most \(elements.count), got \(count)")
        var setSize = 21
        if count > 5 {
            var power = 1
            while power < 3 * count { power *= 4 }
            setSize += power
        }
        guard elements.count > setSize else {
            var pool = elements
            return (0..<count).map { drawn in
                let (place, last) = (below(elements.count - drawn), elements.count - drawn - 1)
                defer { pool[place] = pool[last] }
                return pool[place]
            }
        }
        var selected: Set<Int> = []
        return (0..<count).map { _ in
            var place = below(elements.count)
            while !selected.insert(place).inserted { place = below(elements.count) }
            return elements[place]
        }
    }
}
