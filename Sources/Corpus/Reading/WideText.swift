import Diagnostics

/// Text in UTF-16 that begins with its mark.
package enum WideText {
    /// The most bytes of a text that is not read in parts.
    private static let maximumSize = 1 << 30

    /// The text in UTF-8, without the mark.
    package static func decoded(_ bytes: [UInt8]) -> [UInt8] {
        let isBig = bytes.starts(with: [0xFE, 0xFF])
        let units = stride(from: 2, to: bytes.count - 1, by: 2).map { index in
            let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
            return isBig ? first << 8 | second : second << 8 | first
        }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }

    package static func stream(_ stream: any ByteStream, at path: String) throws -> any ByteStream {
        MemoryStream(decoded(try all(of: stream, at: path)))
    }

    /// All bytes of a stream that is small by its nature.
    package static func all(of stream: any ByteStream, at path: String) throws -> [UInt8] {
        let buffer = StreamBuffer(stream)
        while try buffer.fill() {
            guard buffer.available <= maximumSize else {
                throw Failure(
                    "the text is too large to be read at once", expected: "at most 1 GiB",
                    got: "more", at: path, remedy: "split it, or convert it to UTF-8 lines")
            }
        }
        return buffer.take(buffer.available)
    }
}
