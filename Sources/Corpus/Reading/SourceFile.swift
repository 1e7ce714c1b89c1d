import Diagnostics
import Files
import Glibc

/// A file of documents, known by its first bytes.
package struct SourceFile: Sendable {
    package let path: String
    package let size: Int
    /// Nanoseconds.
    package let modified: Int
    package let kind: ContentKind

    package init(path: String, options: CorpusOptions) throws {
        let reader = try FileReader(path: path)
        self.path = path
        size = reader.size
        modified = try Self.modified(path)
        let raw = try reader.bytes(at: 0, count: min(512, reader.size))
        let compression = CompressionFormat(of: raw)
        let stream = try Self.decoded(reader, compression)
        kind = try ContentKind(
            head: Self.head(of: stream), compression: compression, options: options, at: path)
        guard kind.format == .zip || kind.format == .parquet else { return }
        if compression != nil { throw kind.needsFile(at: path) }
        if kind.format == .zip { try ZipReader.refuseOffices(path) }
    }

    private static func modified(_ path: String) throws -> Int {
        var status = stat()
        try SystemCall.check("cannot look at the file", at: path) { stat(path, &status) }
        return status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
    }

    private static func decoded(
        _ reader: FileReader, _ compression: CompressionFormat?, from offset: Int = 0
    ) throws -> any ByteStream {
        let stream = FileStream(reader, from: offset)
        return try compression.map { try DecodedStream(stream, $0, path: reader.path) } ?? stream
    }

    private static func head(of stream: any ByteStream) throws -> [UInt8] {
        let buffer = StreamBuffer(stream)
        do {
            try buffer.require(ContentKind.headSize)
        } catch is CutFile {
            // What is before the cut counts, and the cut is told when the file is read.
        }
        return Array(buffer.bytes.prefix(ContentKind.headSize))
    }

    /// The decoded bytes of the file from a place on.
    package func stream(from offset: Int) throws -> any ByteStream {
        try Self.decoded(unchanged(), kind.compression, from: offset)
    }

    /// The decoded bytes of the file from a member on.
    ///
    /// - Parameters:
    ///   - next: the member with which another part begins.
    ///   - limit: learns where that is, in the stream.
    ///   - slack: see `MemberMark`.
    package func stream(
        from start: MemberStart, until next: MemberStart?, _ limit: PartLimit, slack: Int
    ) throws -> any ByteStream {
        guard let format = kind.compression else {
            preconditionFailure("a file that is not compressed has no members")
        }
        let reader = try unchanged()
        guard let block = start.block else {
            let mark = next.map {
                MemberMark(place: $0.place - start.place, slack: slack, limit: limit)
            }
            return try DecodedStream(
                FileStream(reader, from: start.place), format, path: path, until: mark)
        }
        if let decoded = next?.block?.decoded {
            limit.set(last: decoded - block.decoded + slack)
        }
        // A stream whose index is missing is as good as a whole one up to the check of its last block.
        let parts = ChainedStream([
            FileStream(reader, from: block.header, to: block.header + XZIndex.headerSize),
            FileStream(reader, from: start.place, to: block.blocksEnd),
        ])
        return ChainedStream([
            try DecodedStream(parts, format, path: path, blocksSize: block.rest),
            try DecodedStream(FileStream(reader, from: block.nextStream), format, path: path),
        ])
    }

    private func unchanged() throws -> FileReader {
        let reader = try FileReader(path: path)
        guard try reader.size == size && Self.modified(path) == modified else {
            throw Failure(
                "a file changed while the corpus was read", expected: "\(size) bytes as before",
                got: "\(reader.size) bytes or a newer date", at: path,
                remedy: "start again when nobody writes it")
        }
        return reader
    }
}
