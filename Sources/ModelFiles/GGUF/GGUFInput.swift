import Diagnostics
import Files

/// Reads the header of a GGUF file from its start on, a strip at a time; nothing is believed to be as
/// long as the file says before there are as many bytes.
struct GGUFInput {
    private let reader: FileReader
    private var strip: [UInt8] = []
    /// The place in the file where the strip begins.
    private var stripStart = 0
    private(set) var position = 0

    private static let stripSize = 1 << 16

    init(_ reader: FileReader) { self.reader = reader }

    var path: String { reader.path }
    var remainingCount: Int { reader.size - position }

    /// Reads a little-endian integer.
    mutating func integer<Value: FixedWidthInteger>(
        _ type: Value.Type = Value.self, _ what: String
    ) throws(Failure) -> Value {
        let size = MemoryLayout<Value>.size
        try load(size, what)
        let start = position - stripStart
        position += size
        return strip[start..<start + size].reversed().reduce(Value(0)) {
            $0 << 8 | Value(truncatingIfNeeded: $1)
        }
    }

    /// Reads a count of things that take at least `size` bytes each.
    mutating func count(_ what: String, ofSize size: Int) throws(Failure) -> Int {
        let count = try integer(UInt64.self, "the number of \(what)")
        let limit = remainingCount / size
        guard count <= UInt64(limit) else {
            throw failure(
                "at most \(limit) \(what) in the \(remainingCount) bytes that are left", "\(count)")
        }
        return Int(count)
    }

    /// Reads the length of a text, then the text.
    mutating func text(_ what: String) throws(Failure) -> [UInt8] {
        let count = try count("bytes of \(what)", ofSize: 1)
        try load(count, what)
        let start = position - stripStart
        position += count
        return Array(strip[start..<start + count])
    }

    mutating func name(_ what: String) throws(Failure) -> String {
        String(decoding: try text(what), as: UTF8.self)
    }

    /// Makes sure that the next bytes are in the strip.
    private mutating func load(_ count: Int, _ what: String) throws(Failure) {
        guard count > stripStart + strip.count - position else { return }
        guard count <= remainingCount else {
            throw failure("\(count) bytes of \(what) at \(position)", "\(remainingCount)")
        }
        stripStart = position
        strip = try reader.bytes(
            at: position, count: min(remainingCount, max(count, Self.stripSize)))
    }

    func failure(_ expected: String, _ got: String) -> Failure {
        Failure(
            "the GGUF file is damaged", expected: expected, got: got, at: path,
            remedy: "fetch it again")
    }
}
