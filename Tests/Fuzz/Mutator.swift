/// Changes bytes as damage and malice do: deterministic, from a seed.
struct Mutator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number in 0..<bound, for a bound of at least 1.
    mutating func number(below bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }

    /// One to four changes of `bytes`; `other` lends its parts.
    mutating func mutated(_ bytes: [UInt8], with other: [UInt8]) -> [UInt8] {
        var result = bytes
        for _ in 0...number(below: 4) { change(&result, with: other) }
        return result
    }

    private mutating func change(_ bytes: inout [UInt8], with other: [UInt8]) {
        switch number(below: 10) {
        case 0 where !bytes.isEmpty:
            bytes[number(below: bytes.count)] ^= 1 << UInt8(number(below: 8))
        case 1 where !bytes.isEmpty: bytes[number(below: bytes.count)] = UInt8(number(below: 256))
        case 2, 3: writeInteger(&bytes)
        case 4, 5: writeNumber(&bytes)
        case 6: bytes.removeSubrange(range(in: bytes, limit: bytes.count))
        case 7: bytes.insert(contentsOf: block(of: bytes), at: number(below: bytes.count + 1))
        case 8: bytes.replaceSubrange(range(in: bytes, limit: 64), with: block(of: other))
        default: insertWord(&bytes)
        }
    }

    private mutating func range(in bytes: [UInt8], limit: Int) -> Range<Int> {
        let start = number(below: bytes.count + 1)
        // One in four goes to the end: a truncation.
        if number(below: 4) == 0 { return start..<bytes.count }
        return start..<min(bytes.count, start + number(below: limit + 1))
    }

    /// A stretch of at most 64 bytes, now and then many times over.
    private mutating func block(of bytes: [UInt8]) -> [UInt8] {
        let part = Array(bytes[range(in: bytes, limit: 64)].prefix(64))
        let count = number(below: 16) == 0 ? 1000 : 1
        return Array(repeatElement(part, count: count).joined())
    }

    private static let integers: [UInt64] = [
        0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x1_0000, 0x7FFF_FFFF, 0x8000_0000,
        0xFFFF_FFFF, 1 << 32, 1 << 40, 1 << 62, 0x7FFF_FFFF_FFFF_FFFF, 1 << 63, .max, .max - 7,
    ]

    /// An integer of 1, 2, 4 or 8 bytes in either order, where a length or an offset might stand.
    private mutating func writeInteger(_ bytes: inout [UInt8]) {
        let size = 1 << number(below: 4)
        guard bytes.count >= size else { return }
        let value = Self.integers[number(below: Self.integers.count)]
        var field = (0..<size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
        if number(below: 4) == 0 { field.reverse() }
        // Half of them among the first bytes, where headers are.
        let limit = number(below: 2) == 0 ? min(bytes.count, 128) : bytes.count
        let start = number(below: max(1, limit - size))
        bytes.replaceSubrange(start..<start + size, with: field)
    }

    private static let numbers = [
        "0", "-1", "-0", "1", "2147483648", "4294967296", "9223372036854775807",
        "-9223372036854775808", "9223372036854775808", "18446744073709551616", "0.5", "1e400",
        "-1e400", "1e-400", "1e308", "NaN", "Infinity", "1_000", "0x10", "01", "null", "[]", "{}",
        "\"\"", "1073741824", "1048576", "65536",
    ]

    /// Another number in the place of a run of digits.
    private mutating func writeNumber(_ bytes: inout [UInt8]) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let start = number(below: bytes.count)
        guard let first = bytes[start...].firstIndex(where: digits.contains) else { return }
        let end = bytes[first...].firstIndex { !digits.contains($0) } ?? bytes.count
        let text = Self.numbers[number(below: Self.numbers.count)]
        bytes.replaceSubrange(first..<end, with: Array(text.utf8))
    }

    private static let words: [[UInt8]] =
        [
            "[", "]", "{", "}", "\"", "\\", ":", ",", "\n", " ", "null", "true", "\\ud800",
            "\\u0000", "\u{1F600}", "e\u{301}", "&a ", "*a", "<<", "? ", "- ", "!!binary ", "|\n",
            "---\n", "..", "/", "%", "#",
        ].map { Array($0.utf8) } + [[0], [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90]]

    private mutating func insertWord(_ bytes: inout [UInt8]) {
        let word = Self.words[number(below: Self.words.count)]
        let count = [1, 1, 1, 2, 100, 5000][number(below: 6)]
        bytes.insert(
            contentsOf: repeatElement(word, count: count).joined(),
            at: number(below: bytes.count + 1))
    }
}
