/// The checksum of Castagnoli's polynomial (RFC 3720, B.4).
package enum CRC32C {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { rest, _ in
            rest & 1 == 0 ? rest >> 1 : rest >> 1 ^ 0x82F6_3B78
        }
    }

    package static func checksum(_ bytes: [UInt8]) -> UInt32 { checksum(bytes, after: 0) }

    /// The checksum of bytes that stand behind others, from the checksum of those.
    package static func checksum(_ bytes: [UInt8], after checksum: UInt32) -> UInt32 {
        table.withUnsafeBufferPointer { table in
            bytes.withUnsafeBufferPointer { bytes in
                ~bytes.reduce(~checksum) { rest, byte in
                    table[Int(UInt8(truncatingIfNeeded: rest) ^ byte)] ^ rest >> 8
                }
            }
        }
    }

    /// The checksum as TensorFlow's files have it, since that of a text with its own checksum says nothing.
    package static func masked(_ bytes: [UInt8]) -> UInt32 {
        let own = checksum(bytes)
        return (own >> 15 | own << 17) &+ 0xA282_EAD8
    }
}
