/// The printable character for each byte in the files of byte-level BPE.
///
/// Printable Latin-1 bytes are characters of their own; the other 68 are U+0100, U+0101, ... in
/// order (GPT-2's encoder.py).
enum ByteAlphabet {
    /// The character of each byte.
    static let scalars: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (UInt8.min...UInt8.max).map { byte in
            if isPrintable(byte) { return Unicode.Scalar(byte) }
            defer { next += 1 }
            // The greatest value is 0x143, a scalar.
            return Unicode.Scalar(next).unsafelyUnwrapped
        }
    }()

    /// All bytes in ascending order of their characters: the order of their ids in a trained
    /// vocabulary.
    static let bytesInOrder: [UInt8] = (UInt8.min...UInt8.max).sorted {
        scalars[Int($0)] < scalars[Int($1)]
    }

    private static let bytes: [Unicode.Scalar: UInt8] = Dictionary(
        uniqueKeysWithValues: zip(scalars, UInt8.min...UInt8.max))

    static func spelling(of bytes: some Sequence<UInt8>) -> [UInt8] {
        bytes.flatMap { UTF8.encode(scalars[Int($0)]).unsafelyUnwrapped }
    }

    /// The bytes that a token is spelled for; nil where it holds a character of no byte.
    static func bytes(spelledBy token: [UInt8]) -> [UInt8]? {
        var result: [UInt8] = []
        for scalar in String(decoding: token, as: UTF8.self).unicodeScalars {
            guard let byte = bytes[scalar] else { return nil }
            result.append(byte)
        }
        return result
    }

    private static func isPrintable(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: true
        default: false
        }
    }
}
