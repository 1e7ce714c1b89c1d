import CCompression
import Diagnostics
import Files
import JSON

/// Cuts the records of all pieces, in their order, into parts of one size.
///
/// A record belongs to the part in whose stretch it begins, so that the parts depend on the records alone.
package struct PartAssembly {
    private let paths: [String]
    /// The place in the stream at which each file begins, and the end of the last.
    private let starts: [Int]
    private let partSize: Int

    package init(_ paths: [String], partSize: Int) throws {
        self.paths = paths
        self.partSize = partSize
        var starts = [0]
        for path in paths {
            starts.append(starts[starts.count - 1] + (try FileReader(path: path).size))
        }
        self.starts = starts
    }

    private var size: Int { starts[starts.count - 1] }

    package var partCount: Int { (size + partSize - 1) / partSize }

    /// Writes a part, unless it is there.
    package func write(_ part: Int, to path: String, _ compression: OutputCompression) throws {
        guard try !DirectoryEntries.isThere(path) else { return }
        let start = try recordStart(from: part * partSize)
        let end = try recordStart(from: (part + 1) * partSize)
        try PublishedFile.write(to: path) { writer in
            let encoder = try PartEncoder(writer, compression)
            try forEachBlock(in: start..<max(start, end)) { try encoder.write($0) }
            try encoder.finish()
        }
    }

    /// Writes the texts of the records of a part, each with the mark that ends a document.
    package func writeTexts(_ part: Int, to path: String) throws {
        guard try !DirectoryEntries.isThere(path) else { return }
        let start = try recordStart(from: part * partSize)
        let end = try recordStart(from: (part + 1) * partSize)
        try PublishedFile.write(to: path) { writer in
            let stream = RangeStream(self, start..<max(start, end))
            let lines = try LineReader(stream)
            while let line = try lines.next() {
                let record = try JSONValue(parsing: line.bytes, at: path)
                let text = record[RecordText.textField]?.bytes ?? []
                try writer.write(text + Self.endOfText)
            }
        }
    }

    private static let endOfText = Array("<|endoftext|>".utf8)

    /// Reads from a place, within a range.
    fileprivate func read(
        into buffer: UnsafeMutableRawBufferPointer, at place: Int, below end: Int
    ) throws -> Int {
        guard place < end, let index = starts.lastIndex(where: { $0 <= place }) else { return 0 }
        // Of files at one place only the last is not empty.
        let count = min(buffer.count, min(end, starts[index + 1]) - place)
        try FileReader(path: paths[index]).read(
            into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]),
            at: place - starts[index])
        return count
    }

    /// The first place at which a record begins, from another place on.
    private func recordStart(from place: Int) throws -> Int {
        guard place > 0 else { return 0 }
        guard place < size else { return size }
        var found: Int?
        var position = place - 1
        // Every file ends with a line feed.
        while found == nil, position < size {
            let count = min(1 << 16, size - position)
            try forEachBlock(in: position..<position + count) { block in
                guard found == nil else { return }
                if let feed = block.firstIndex(of: 0x0A) {
                    found = position + feed + 1
                } else {
                    position += block.count
                }
            }
        }
        return found ?? size
    }

    private func forEachBlock(in range: Range<Int>, _ body: ([UInt8]) throws -> Void) throws {
        for (index, path) in paths.enumerated() {
            let own = range.clamped(to: starts[index]..<starts[index + 1])
            guard !own.isEmpty else { continue }
            let reader = try FileReader(path: path)
            for start in stride(from: own.lowerBound, to: own.upperBound, by: 1 << 20) {
                let count = min(1 << 20, own.upperBound - start)
                try body(reader.bytes(at: start - starts[index], count: count))
            }
        }
    }
}

/// The bytes of a stretch of all records.
private final class RangeStream: ByteStream {
    private let assembly: PartAssembly
    private let end: Int
    private var place: Int

    init(_ assembly: PartAssembly, _ range: Range<Int>) {
        self.assembly = assembly
        (place, end) = (range.lowerBound, range.upperBound)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try assembly.read(into: buffer, at: place, below: end)
        place += count
        return count
    }
}

/// Writes a part as it is, or compressed.
private final class PartEncoder {
    private let writer: FileWriter
    private let encoder: OpaquePointer?
    private var output = [UInt8](repeating: 0, count: 1 << 18)

    /// The levels at which the formats are commonly written.
    private static let levels: [OutputCompression: (format: Int, level: Int32)] = [
        .zst: (CCOMPRESSION_ZSTD, 3), .gz: (CCOMPRESSION_GZIP, 6),
    ]

    init(_ writer: FileWriter, _ compression: OutputCompression) throws {
        self.writer = writer
        guard let (format, level) = Self.levels[compression] else {
            encoder = nil
            return
        }
        guard let encoder = ccompression_encoder_create(Int32(format), level) else {
            throw Failure("no memory to compress", at: writer.path)
        }
        self.encoder = encoder
    }

    deinit { ccompression_encoder_free(encoder) }

    func write(_ bytes: [UInt8]) throws {
        guard encoder != nil else { return try writer.write(bytes) }
        var next = 0
        while next < bytes.count { _ = try encode(bytes, &next, isLast: false) }
    }

    func finish() throws {
        guard encoder != nil else { return }
        var next = 0
        while try !encode([], &next, isLast: true) {}
    }

    /// - Returns: whether the stream has ended.
    private func encode(_ bytes: [UInt8], _ next: inout Int, isLast: Bool) throws -> Bool {
        var (consumed, produced) = (0, 0)
        let status = bytes.withUnsafeBufferPointer { bytes in
            ccompression_encode(
                encoder, bytes.baseAddress.map { $0 + next }, bytes.count - next, &consumed,
                &output, output.count, &produced, isLast ? 1 : 0)
        }
        guard status >= 0 else { throw Failure("cannot compress the part", at: writer.path) }
        next += consumed
        if produced > 0 { try writer.write(Array(output[..<produced])) }
        return Int(status) == CCOMPRESSION_MEMBER_END
    }
}
