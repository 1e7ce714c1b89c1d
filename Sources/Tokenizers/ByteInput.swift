import Diagnostics

/// Reads little-endian values from the front of bytes, and never past their end.
struct ByteInput {
    private let place: String
    private var rest: ArraySlice<UInt8>

    init(_ bytes: some Sequence<UInt8>, at place: String) {
        rest = Array(bytes)[...]
        self.place = place
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// - Parameter what: names the value in the failure.
    mutating func bytes(_ count: Int, _ what: String) throws -> [UInt8] {
        guard count >= 0, count <= rest.count else {
            throw Vocabulary.failure("\(what) of \(count) bytes", "\(rest.count) bytes left", place)
        }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    mutating func int32(_ what: String) throws -> Int32 {
        let bytes = try bytes(4, what)
        return Int32(bitPattern: bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
    }

    /// An integer of protocol buffers: seven bits a byte, the lowest first.
    mutating func varint(_ what: String) throws -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 70, by: 7) {
            let byte = try bytes(1, what)[0]
            value |= shift < 64 ? UInt64(byte & 0x7F) << UInt64(shift) : 0
            if byte < 0x80 { return value }
        }
        throw Vocabulary.failure("\(what) of at most ten bytes", "more", place)
    }
}
