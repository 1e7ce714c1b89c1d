import Diagnostics
import Files

/// The numbers of a model of fastText, from front to back.
package struct FastTextReader {
    private let bytes: [UInt8]
    private let path: String
    private var position = 0

    package init(path: String) throws {
        self.path = path
        bytes = try FileReader.bytes(
            of: path, what: "cannot open the language model", maximumSize: 2 << 30)
    }

    /// Throws `Failure` where fewer bytes are left.
    private mutating func take(_ count: Int) throws -> Range<Int> {
        guard count >= 0, count <= bytes.count - position else {
            throw failure(expected: "\(count) more bytes", got: "\(bytes.count - position)")
        }
        defer { position += count }
        return position..<position + count
    }

    package mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws
        -> Value
    {
        let range = try take(MemoryLayout<Value>.size)
        return bytes.withUnsafeBytes {
            Value(littleEndian: $0.loadUnaligned(fromByteOffset: range.lowerBound, as: Value.self))
        }
    }

    /// A count that is not negative and small enough to be meant.
    package mutating func count<Value: FixedWidthInteger>(_ type: Value.Type) throws -> Int {
        let value = Int(try integer(type))
        guard (0...1 << 32).contains(value) else {
            throw failure(expected: "a count", got: "\(value)")
        }
        return value
    }

    package mutating func flag() throws -> Bool { try integer(UInt8.self) != 0 }

    package mutating func bytes(_ count: Int) throws -> [UInt8] { try Array(bytes[take(count)]) }

    package mutating func floats(_ count: Int) throws -> [Float] {
        guard count <= bytes.count / 4 else {
            throw failure(expected: "\(count) numbers", got: "a smaller file")
        }
        let range = try take(4 * count)
        return bytes.withUnsafeBytes { buffer in
            (0..<count).map {
                Float(
                    bitPattern: UInt32(
                        littleEndian: buffer.loadUnaligned(
                            fromByteOffset: range.lowerBound + 4 * $0, as: UInt32.self)))
            }
        }
    }

    /// Bytes up to a zero.
    package mutating func name() throws -> [UInt8] {
        guard let end = bytes[position...].firstIndex(of: 0) else {
            throw failure(expected: "the end of a name", got: "the end of the file")
        }
        defer { position = end + 1 }
        return Array(bytes[position..<end])
    }

    package func failure(expected: String, got: String) -> Failure {
        Failure(
            "the language model is not valid", expected: expected, got: got,
            at: "\(path), byte \(position)", remedy: "name a model of fastText, such as lid.176.ftz"
        )
    }
}
