import Diagnostics
import Files
import Glibc

/// Bytes that are read from front to back.
package protocol ByteStream: AnyObject {
    /// Fills the front of the buffer.
    ///
    /// - Returns: the number of bytes; 0 at the end alone.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

/// The bytes of a file from one place to another.
package final class FileStream: ByteStream {
    private let reader: FileReader
    private var offset: Int
    private let end: Int

    /// - Parameter end: Nil for the end of the file.
    package init(_ reader: FileReader, from offset: Int = 0, to end: Int? = nil) {
        self.reader = reader
        self.offset = offset
        self.end = end ?? reader.size
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = min(buffer.count, end - offset)
        guard count > 0 else { return 0 }
        try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]), at: offset)
        offset += count
        return count
    }
}

/// Bytes that are in memory.
package final class MemoryStream: ByteStream {
    private let bytes: [UInt8]
    private var offset = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = min(buffer.count, bytes.count - offset)
        guard count > 0 else { return 0 }
        buffer.copyBytes(from: bytes[offset..<offset + count])
        offset += count
        return count
    }
}

/// Streams, one after the other.
final class ChainedStream: ByteStream {
    private var rest: ArraySlice<any ByteStream>

    init(_ streams: [any ByteStream]) { rest = streams[...] }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while let stream = rest.first {
            let count = try stream.read(into: buffer)
            if count > 0 { return count }
            rest.removeFirst()
        }
        return 0
    }
}

/// The part of a stream that is in memory, which grows at its end and shrinks at its front.
package final class StreamBuffer {
    private let stream: any ByteStream
    private(set) var bytes: [UInt8] = []
    /// The index of the first byte that has not been taken.
    private(set) var start = 0
    /// The place of `bytes[0]` in the stream.
    private var origin: Int
    private(set) var isAtEnd = false

    private static let partSize = 1 << 20

    /// - Parameter origin: The place in its file at which the stream begins.
    package init(_ stream: any ByteStream, origin: Int = 0) {
        self.stream = stream
        self.origin = origin
    }

    /// The place of the first byte that has not been taken.
    package var offset: Int { origin + start }
    package var available: Int { bytes.count - start }

    /// Adds the next part of the stream.
    ///
    /// - Returns: false at the end of the stream.
    package func fill() throws -> Bool {
        guard !isAtEnd else { return false }
        if start > 0, start >= bytes.count - start {
            bytes.removeSubrange(..<start)
            origin += start
            start = 0
        }
        let count = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: Self.partSize))
        var added = 0
        do {
            added = try bytes.withUnsafeMutableBytes {
                try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[count...]))
            }
        } catch {
            bytes.removeLast(Self.partSize)
            throw error
        }
        bytes.removeLast(Self.partSize - added)
        isAtEnd = added == 0
        return added > 0
    }

    /// Makes sure that so many bytes are there, where the stream has them.
    package func require(_ count: Int) throws {
        while available < count, try fill() {}
    }

    package func skip(_ count: Int) { start += min(count, available) }

    package func take(_ count: Int) -> [UInt8] {
        let end = min(bytes.count, start + count)
        defer { start = end }
        return Array(bytes[start..<end])
    }

    /// The number of bytes before the next one of this value, from the first not taken on, looking at
    /// those behind `known`; nil where it is not in memory yet.
    package func distance(to byte: UInt8, after known: Int = 0) -> Int? {
        bytes.withUnsafeBytes { buffer in
            guard start + known < buffer.count, let base = buffer.baseAddress else { return nil }
            let found = memchr(base + start + known, Int32(byte), buffer.count - start - known)
            return found.map { UnsafeRawPointer($0) - base - start }
        }
    }
}
