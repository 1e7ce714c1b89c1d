/// The ids of tokens by their bytes.
///
/// Open addressing over polynomial hashes modulo 2^61 - 1, from which those of parts of a token and of two tokens joined
/// follow without a look at their bytes. The base is drawn for each table, so that no file can hold tokens made to
/// collide.
package struct TokenTable: Sendable {
    /// Two tokens that make a third one, and the length of the left one in bytes.
    package struct Pair: Equatable {
        package var left: Int32
        package var right: Int32
        package var cut: Int

        package init(left: Int32, right: Int32, cut: Int) {
            (self.left, self.right, self.cut) = (left, right, cut)
        }
    }

    private struct Entry {
        var hash: UInt64
        var id: Int32
        var token: [UInt8]
    }

    private var entries: [Entry] = []
    /// Places in `entries`, -1 where there is none; at most half of them are taken.
    private var slots: [Int32]
    private var shift: UInt64
    private let base: UInt64
    /// The base to the power of each length that a token has.
    private var powers: [UInt64] = [1]

    private static let modulus: UInt64 = 1 << 61 - 1

    /// - Parameter capacity: the number of tokens to make room for.
    package init(capacity: Int = 0) {
        var bits: UInt64 = 4
        while 1 << bits < 2 * capacity { bits += 1 }
        shift = 64 - bits
        slots = Array(repeating: -1, count: 1 << Int(bits))
        base = UInt64.random(in: 1 << 32..<Self.modulus)
        entries.reserveCapacity(capacity)
    }

    /// Each token that is not empty by its place; of equal ones the last.
    package init(_ tokens: [[UInt8]]) {
        self.init(capacity: tokens.count)
        for (id, token) in tokens.enumerated() where !token.isEmpty { insert(token, Int32(id)) }
    }

    package subscript(_ token: some Collection<UInt8>) -> Int32? {
        entry(hash(token)) { $0.elementsEqual(token) }.map { entries[$0].id }
    }

    /// The token that two make when they are joined.
    package func joined(_ left: [UInt8], _ right: [UInt8]) -> Int32? {
        guard right.count < powers.count else { return nil }
        let hash = Self.sum(Self.product(hash(left), powers[right.count]), hash(right))
        return entry(hash) { token in
            token.count == left.count + right.count && token.starts(with: left)
                && token[left.count...].elementsEqual(right)
        }.map { entries[$0].id }
    }

    /// All pairs of tokens that make a token, in the order of their ids.
    ///
    /// - Parameter cuts: whether a token may begin with a byte.
    package func pairs(making token: [UInt8], cuts: (UInt8) -> Bool) -> [Pair] {
        let whole = hash(token)
        var pairs: [Pair] = []
        var start: UInt64 = 0
        for cut in token.indices.dropFirst() {
            start = Self.sum(Self.product(start, base), UInt64(token[cut - 1]) + 1)
            guard cuts(token[cut]), token.count - cut < powers.count else { continue }
            let taken = Self.product(start, powers[token.count - cut])
            let rest = Self.sum(whole, Self.modulus - taken)
            guard let left = entry(start, { $0.elementsEqual(token[..<cut]) }),
                let right = entry(rest, { $0.elementsEqual(token[cut...]) })
            else { continue }
            pairs.append(Pair(left: entries[left].id, right: entries[right].id, cut: cut))
        }
        return pairs.sorted { ($0.left, $0.right) < ($1.left, $1.right) }
    }

    /// Gives a token an id, in place of the one that it may have.
    package mutating func insert(_ token: [UInt8], _ id: Int32) {
        let hash = hash(token)
        if let index = entry(hash, { $0 == token }) {
            entries[index].id = id
            return
        }
        if 2 * (entries.count + 1) > slots.count { grow() }
        while powers.count <= token.count {
            powers.append(Self.product(powers[powers.count - 1], base))
        }
        slots[freeSlot(hash)] = Int32(entries.count)
        entries.append(Entry(hash: hash, id: id, token: token))
    }

    private mutating func grow() {
        shift -= 1
        slots = Array(repeating: -1, count: 2 * slots.count)
        for (index, entry) in entries.enumerated() { slots[freeSlot(entry.hash)] = Int32(index) }
    }

    private func freeSlot(_ hash: UInt64) -> Int {
        var slot = firstSlot(hash)
        while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }

    @inline(__always)
    private func firstSlot(_ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: (hash &* 0x9E37_79B9_7F4A_7C15) >> shift)
    }

    @inline(__always)
    private func entry(_ hash: UInt64, _ isToken: ([UInt8]) -> Bool) -> Int? {
        var slot = firstSlot(hash)
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            if entries[index].hash == hash, isToken(entries[index].token) { return index }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    @inline(__always)
    private func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0
        for byte in bytes { hash = Self.sum(Self.product(hash, base), UInt64(byte) + 1) }
        return hash
    }

    @inline(__always)
    private static func sum(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let sum = a &+ b
        return sum >= modulus ? sum &- modulus : sum
    }

    @inline(__always)
    private static func product(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return sum(product.low & modulus, product.low >> 61 | product.high << 3)
    }
}
