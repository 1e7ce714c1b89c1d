import Diagnostics

/// What the bytes of a text may be, as a tree; rules may be used within each other.
package indirect enum ByteGrammar: Sendable {
    case literal([UInt8])
    case set(ByteSet)
    case sequence([ByteGrammar])
    case alternatives([ByteGrammar])
    /// A repeat; the maximum is nil where there is none.
    case repeated(ByteGrammar, minimum: Int, maximum: Int?)
    /// The rule of a number.
    case rule(Int)

    package static let empty = ByteGrammar.literal([])
    /// What no text is.
    package static let nothing = ByteGrammar.alternatives([])

    package static func text(_ text: String) -> ByteGrammar { .literal(Array(text.utf8)) }

    package static func optional(_ grammar: ByteGrammar) -> ByteGrammar {
        .alternatives([grammar, .empty])
    }

    /// The same with rules of numbers that are higher by `offset`.
    package func shifted(by offset: Int) -> ByteGrammar {
        switch self {
        case .literal, .set: self
        case .sequence(let parts): .sequence(parts.map { $0.shifted(by: offset) })
        case .alternatives(let parts): .alternatives(parts.map { $0.shifted(by: offset) })
        case .repeated(let part, let minimum, let maximum):
            .repeated(part.shifted(by: offset), minimum: minimum, maximum: maximum)
        case .rule(let number): .rule(number + offset)
        }
    }

    /// Whether there is a text of it.
    ///
    /// - Parameter rules: whether there is one of each rule.
    func hasText(_ rules: [Bool]) -> Bool {
        switch self {
        case .literal: true
        case .set(let set): !set.isEmpty
        case .sequence(let parts): parts.allSatisfy { $0.hasText(rules) }
        case .alternatives(let parts): parts.contains { $0.hasText(rules) }
        case .repeated(let part, let minimum, _): minimum == 0 || part.hasText(rules)
        case .rule(let number): rules[number]
        }
    }
}

/// A set of bytes.
package struct ByteSet: Hashable, Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    package init(_ ranges: [ClosedRange<UInt8>] = []) {
        for range in ranges { for byte in range { insert(byte) } }
    }

    private mutating func insert(_ byte: UInt8) {
        let bit = UInt64(1) << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: words.0 |= bit
        case 1: words.1 |= bit
        case 2: words.2 |= bit
        default: words.3 |= bit
        }
    }

    func contains(_ byte: UInt8) -> Bool {
        let word =
            switch byte >> 6 {
            case 0: words.0
            case 1: words.1
            case 2: words.2
            default: words.3
            }
        return word >> UInt64(byte & 63) & 1 != 0
    }

    var isEmpty: Bool { words == (0, 0, 0, 0) }

    package static func == (a: ByteSet, b: ByteSet) -> Bool { a.words == b.words }

    package func hash(into hasher: inout Hasher) {
        for word in [words.0, words.1, words.2, words.3] { hasher.combine(word) }
    }
}
