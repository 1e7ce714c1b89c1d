/// Finds where each scalar of UTF-8 text begins, byte after byte.
///
/// Each maximal ill-formed part counts as the one U+FFFD that takes its place.
/// Source: The Unicode Standard 16, table 3-7 and section 3.9.
struct UTF8Scanner {
    /// Scalars that have begun.
    private(set) var scalarCount = 0
    /// The first byte of the first ill-formed part that has come to its end.
    private(set) var firstFault: Int?
    private var offset = 0
    private var scalarStart = 0
    private var missingCount = 0
    private var nextByte: ClosedRange<UInt8> = 0x80...0xBF

    /// Takes the next byte and returns whether a scalar begins with it.
    mutating func consume(_ byte: UInt8) -> Bool {
        defer { offset += 1 }
        if missingCount > 0 {
            if nextByte.contains(byte) {
                missingCount -= 1
                nextByte = 0x80...0xBF
                return false
            }
            noteFault()
        }
        begin(with: byte)
        return true
    }

    /// A sequence that the end of the text cuts short is ill-formed.
    mutating func finish() {
        if missingCount > 0 { noteFault() }
        missingCount = 0
    }

    private mutating func begin(with byte: UInt8) {
        scalarCount += 1
        scalarStart = offset
        nextByte = 0x80...0xBF
        switch byte {
        case 0x00...0x7F: missingCount = 0
        case 0xC2...0xDF: missingCount = 1
        case 0xE0...0xEF: missingCount = 2
        case 0xF0...0xF4: missingCount = 3
        default:
            missingCount = 0
            noteFault()
        }
        switch byte {
        case 0xE0: nextByte = 0xA0...0xBF
        case 0xED: nextByte = 0x80...0x9F
        case 0xF0: nextByte = 0x90...0xBF
        case 0xF4: nextByte = 0x80...0x8F
        default: break
        }
    }

    private mutating func noteFault() {
        firstFault = firstFault ?? scalarStart
    }
}
