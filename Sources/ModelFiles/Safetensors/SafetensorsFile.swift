import Diagnostics
import Files

/// A safetensors file, open for reading; nothing of it is read before its header is checked.
package final class SafetensorsFile: Sendable {
    /// The entries of the tensors, in the order of the data.
    package let entries: [SafetensorsEntry]
    package let metadata: [String: String]
    package let entriesByName: [String: SafetensorsEntry]
    private let reader: FileReader
    private let dataStart: Int

    package var path: String { reader.path }

    /// - Throws: `Failure` when the file cannot be read, its header is not valid, or the file is
    ///   not exactly as long as the header describes.
    package init(path: String) throws(Failure) {
        reader = try FileReader(path: path)
        let headerSize = try Self.headerSize(of: reader)
        dataStart = SafetensorsHeader.prefixSize + headerSize
        let header = try reader.bytes(at: SafetensorsHeader.prefixSize, count: headerSize)
        let checked = try SafetensorsHeader(
            parsing: header, dataSize: reader.size - dataStart, at: path)
        entries = checked.entries
        metadata = checked.metadata
        // Names are unique: they were the names of one JSON object.
        entriesByName = Dictionary(uniqueKeysWithValues: checked.entries.map { ($0.name, $0) })
    }

    package subscript(name: String) -> SafetensorsEntry? { entriesByName[name] }

    /// Reads the bytes of one tensor as they lie in the file (little-endian).
    ///
    /// - Precondition: the buffer has exactly the size of the tensor's range.
    package func readBytes(
        _ name: String, into buffer: UnsafeMutableRawBufferPointer
    ) throws(Failure) {
        let entry = try entry(name)
        precondition(
            buffer.count == entry.range.count,
            "\(name): expected a buffer of \(entry.range.count) bytes, got \(buffer.count)")
        try read(entry, at: 0, into: buffer)
    }

    /// Bytes of a tensor, counted from its first.
    func bytes(of entry: SafetensorsEntry, _ part: Range<Int>) throws(Failure) -> [UInt8] {
        try reader.bytes(
            at: dataStart + entry.range.lowerBound + part.lowerBound, count: part.count)
    }

    private func read(
        _ entry: SafetensorsEntry, at start: Int, into buffer: UnsafeMutableRawBufferPointer
    ) throws(Failure) {
        try reader.read(into: buffer, at: dataStart + entry.range.lowerBound + start)
    }

    /// One tensor, or some of its elements, as Float; BF16 and F16 are widened, which is exact, F64 is
    /// rounded.
    ///
    /// - Parameter elements: nil reads all.
    /// - Throws: `Failure` for a tensor that is missing or of another type, and on a read error.
    /// - Precondition: the buffer has exactly as many elements as are read.
    package func readFloat32(
        _ name: String, _ elements: Range<Int>? = nil,
        into buffer: UnsafeMutableBufferPointer<Float>
    ) throws(Failure) {
        let entry = try entry(name)
        let elements = elements ?? 0..<entry.elementCount
        precondition(
            buffer.count == elements.count && elements.upperBound <= entry.elementCount,
            "\(name): expected a buffer of \(elements.count), got \(buffer.count)")
        let bytes = UnsafeMutableRawBufferPointer(buffer)
        let start = elements.lowerBound * entry.type.size
        switch entry.type {
        case .float32: try read(entry, at: start, into: bytes)
        case .bfloat16:
            try readHalves(entry, at: start, into: bytes) { Float(bitPattern: UInt32($0) << 16) }
        case .float16:
            try readHalves(entry, at: start, into: bytes) { HalfPrecision.float($0) }
        case .float64: try readDoubles(entry, from: elements.lowerBound, into: buffer)
        default:
            throw Failure(
                "cannot read the tensor \(name) as numbers", expected: "F32, BF16, F16 or F64",
                got: entry.type.rawValue, at: path)
        }
    }

    /// Reads eight-byte elements, a strip at a time.
    private func readDoubles(
        _ entry: SafetensorsEntry, from first: Int, into buffer: UnsafeMutableBufferPointer<Float>
    ) throws(Failure) {
        let step = 1 << 17
        for start in stride(from: 0, to: buffer.count, by: step) {
            let count = min(step, buffer.count - start)
            let strip = try bytes(of: entry, 8 * (first + start)..<8 * (first + start + count))
            strip.withUnsafeBytes { strip in
                for index in 0..<count {
                    let value = strip.loadUnaligned(fromByteOffset: 8 * index, as: Double.self)
                    buffer[start + index] = Float(value)
                }
            }
        }
    }

    /// Reads two-byte elements into the back half of the buffer and widens them in place.
    ///
    /// The i-th of n elements is read from byte 2n + 2i and written to 4i..<4i + 4, which ends at
    /// or before the next one to be read (2n + 2i + 2), since i < n.
    private func readHalves(
        _ entry: SafetensorsEntry, at start: Int, into bytes: UnsafeMutableRawBufferPointer,
        widen: (UInt16) -> Float
    ) throws(Failure) {
        let half = bytes.count / 2
        try read(entry, at: start, into: UnsafeMutableRawBufferPointer(rebasing: bytes[half...]))
        for index in 0..<half / 2 {
            let element = bytes.load(fromByteOffset: half + 2 * index, as: UInt16.self)
            bytes.storeBytes(of: widen(element), toByteOffset: 4 * index, as: Float.self)
        }
    }

    private func entry(_ name: String) throws(Failure) -> SafetensorsEntry {
        guard let entry = entriesByName[name] else {
            throw Failure("the tensor \(name) is missing", at: path)
        }
        return entry
    }

    private static func headerSize(of reader: FileReader) throws(Failure) -> Int {
        let prefix = try reader.bytes(at: 0, count: SafetensorsHeader.prefixSize)
        let size = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let limit = min(reader.size - prefix.count, SafetensorsHeader.maximumSize)
        guard size >= 2, size <= UInt64(limit) else {
            throw SafetensorsHeader.failure(
                expected: "a length of 2 to \(limit) bytes", got: "\(size)", at: reader.path)
        }
        return Int(size)
    }
}

/// The description of one tensor in the header of a safetensors file.
package struct SafetensorsEntry: Equatable, Sendable {
    package let name: String
    package let type: SafetensorsType
    package let shape: [Int]
    /// Bytes, counted from the end of the header.
    package let range: Range<Int>

    package var elementCount: Int { range.count / type.size }
}
