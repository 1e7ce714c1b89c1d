/// The reader of what lies inside an archive.
package enum MemberContents {
    package static func reader(_ stream: any ByteStream, _ rules: ReadingRules) throws
        -> any DocumentReader
    {
        let (head, whole) = try headed(stream)
        let compression = CompressionFormat(of: head)
        guard let compression else {
            return try reader(whole, head, nil, rules)
        }
        let decoded = try DecodedStream(whole, compression, path: rules.path)
        let (start, inner) = try headed(decoded)
        return try reader(inner, start, compression, rules)
    }

    private static func reader(
        _ stream: any ByteStream, _ head: [UInt8], _ compression: CompressionFormat?,
        _ rules: ReadingRules
    ) throws -> any DocumentReader {
        let kind = try ContentKind(
            head: head, compression: compression, options: rules.options, at: rules.path)
        if kind.format == .zip || kind.format == .parquet { throw kind.needsFile(at: rules.path) }
        return try kind.reader(stream, from: 0, limit: .max, rules)
    }

    /// The first bytes of a stream, and a stream of all of them.
    private static func headed(
        _ stream: any ByteStream
    ) throws -> (head: [UInt8], whole: any ByteStream) {
        let buffer = StreamBuffer(stream)
        try buffer.require(ContentKind.headSize)
        let head = Array(buffer.bytes.prefix(ContentKind.headSize))
        return (head, BufferStream(buffer))
    }
}

/// What is in a buffer, and what follows it.
private final class BufferStream: ByteStream {
    private let buffer: StreamBuffer

    init(_ buffer: StreamBuffer) { self.buffer = buffer }

    func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
        try buffer.require(1)
        let bytes = buffer.take(min(target.count, buffer.available))
        target.copyBytes(from: bytes)
        return bytes.count
    }
}
