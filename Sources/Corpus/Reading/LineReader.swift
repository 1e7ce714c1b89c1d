/// A line of a stream and the place of its first byte.
package struct Line {
    /// The line without its end.
    package var bytes: [UInt8]
    package var offset: Int
}

/// The lines of a stream that begin before a limit.
///
/// A line ends with a line feed, before which a carriage return may stand; the last one may lack its
/// end. U+2028 and its like are characters.
package final class LineReader {
    private let buffer: StreamBuffer
    private let limit: PartLimit

    /// - Parameters:
    ///   - stream: The bytes from one before `offset` on, so that a line feed there shows.
    ///   - limit: The place from which on lines belong to another piece.
    package init(_ stream: any ByteStream, from offset: Int = 0, limit: Int = .max) throws {
        buffer = StreamBuffer(stream, origin: max(0, offset - 1))
        self.limit = PartLimit(below: limit)
        if offset > 0 { _ = try takeLine() } else { try skipMark() }
    }

    /// - Parameter isContinued: Whether the first line is the rest of one that belongs to the part before.
    package init(_ stream: any ByteStream, isContinued: Bool, limit: PartLimit) throws {
        buffer = StreamBuffer(stream)
        self.limit = limit
        if isContinued { _ = try takeLine() } else { try skipMark() }
    }

    private func skipMark() throws {
        try buffer.require(3)
        if buffer.bytes[buffer.start...].starts(with: [0xEF, 0xBB, 0xBF]) { buffer.skip(3) }
    }

    package func next() throws -> Line? {
        guard buffer.offset <= limit.last else { return nil }
        let offset = buffer.offset
        guard var bytes = try takeLine() else { return nil }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        return Line(bytes: bytes, offset: offset)
    }

    private func takeLine() throws -> [UInt8]? {
        var known = 0
        while true {
            if let count = buffer.distance(to: UInt8(ascii: "\n"), after: known) {
                let line = buffer.take(count)
                buffer.skip(1)
                return line
            }
            known = buffer.available
            if try !buffer.fill() { break }
        }
        return known > 0 ? buffer.take(known) : nil
    }
}
