import CCompression
import Files

/// The blocks of an xz file, as the indices at the ends of its streams tell them.
///
/// Source: The .xz File Format 1.2.1, tukaani.org/xz/xz-file-format.txt.
enum XZIndex {
    /// Bytes of the header of a stream, and of its footer.
    static let headerSize = 12
    private static let magic: [UInt8] = [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]
    /// The bytes of an index; more has no file that fits a disk.
    private static let maximumSize = 1 << 28
    private static let maximumPadding = 1 << 16
    private static let maximumDecoded = 1 << 50

    /// A stream, found from its end.
    private struct Stream {
        let start: Int
        let indexStart: Int
        /// The bytes of each block in the file, and decoded.
        let blocks: [(size: Int, decoded: Int)]
    }

    /// The blocks in their order; nil where the file is cut off or damaged.
    static func blocks(of file: FileReader) throws -> [MemberStart]? {
        var (streams, end, decoded): ([Stream], Int, Int) = ([], file.size, 0)
        while end > 0 {
            // Padding between streams is a multiple of four zeros.
            let tail = try file.bytes(
                at: max(0, end - maximumPadding), count: min(end, maximumPadding))
            let zeroCount = tail.count - (tail.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0)
            end -= zeroCount / 4 * 4
            guard let stream = try stream(endingAt: end, of: file) else { return nil }
            decoded += stream.blocks.reduce(0) { $0 + $1.decoded }
            guard decoded <= maximumDecoded else { return nil }
            streams.append(stream)
            end = stream.start
        }
        return starts(streams.reversed(), fileSize: file.size)
    }

    private static func starts(_ streams: [Stream], fileSize: Int) -> [MemberStart] {
        var (starts, decoded): ([MemberStart], Int) = ([], 0)
        for (number, stream) in streams.enumerated() {
            let next = number + 1 < streams.count ? streams[number + 1].start : fileSize
            var place = stream.start + headerSize
            var rest = stream.blocks.reduce(0) { $0 + $1.decoded }
            for block in stream.blocks {
                starts.append(
                    MemberStart(
                        place: place,
                        block: MemberStart.Block(
                            header: stream.start, blocksEnd: stream.indexStart,
                            nextStream: next, decoded: decoded, rest: rest)))
                place += block.size
                decoded += block.decoded
                rest -= block.decoded
            }
        }
        return starts
    }

    private static func stream(endingAt end: Int, of file: FileReader) throws -> Stream? {
        guard end >= 2 * headerSize else { return nil }
        let footer = try file.bytes(at: end - headerSize, count: headerSize)
        let backward = (word(footer, at: 4) + 1) * 4
        guard footer.suffix(2).elementsEqual("YZ".utf8), isSummed(footer[4..<10], footer, at: 0),
            backward <= min(maximumSize, end - 2 * headerSize)
        else { return nil }
        let indexStart = end - headerSize - backward
        let index = try file.bytes(at: indexStart, count: backward)
        guard isSummed(index[..<(backward - 4)], index, at: backward - 4),
            let blocks = blocks(ofIndex: index)
        else { return nil }
        let size = blocks.reduce(0) { $0 &+ $1.size }
        let start = indexStart - size - headerSize
        guard size >= 0, start >= 0,
            try file.bytes(at: start, count: magic.count).elementsEqual(magic)
        else { return nil }
        return Stream(start: start, indexStart: indexStart, blocks: blocks)
    }

    private static func blocks(ofIndex index: [UInt8]) -> [(size: Int, decoded: Int)]? {
        var place = 1
        func number() -> Int? {
            var (value, shift) = (0, 0)
            while place < index.count - 4, shift < 56 {
                let byte = index[place]
                place += 1
                value |= Int(byte & 0x7F) << shift
                if byte & 0x80 == 0 { return value }
                shift += 7
            }
            return nil
        }
        guard index[0] == 0, let count = number(), count <= index.count / 2 else { return nil }
        var (blocks, sum): ([(size: Int, decoded: Int)], Int) = ([], 0)
        for _ in 0..<count {
            guard let size = number(), let decoded = number(), size > 0 else { return nil }
            sum += decoded
            guard sum <= maximumDecoded else { return nil }
            blocks.append(((size + 3) / 4 * 4, decoded))
        }
        return blocks
    }

    private static func word(_ bytes: [UInt8], at place: Int) -> Int {
        (0..<4).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
    }

    private static func isSummed(
        _ part: ArraySlice<UInt8>, _ bytes: [UInt8], at place: Int
    ) -> Bool {
        let sum = part.withUnsafeBufferPointer {
            ccompression_checksum(0, $0.baseAddress, $0.count)
        }
        return Int(sum) == word(bytes, at: place)
    }
}
