import Diagnostics
import Files

/// A place in a compressed file at which decoding can begin.
package struct MemberStart: Codable, Equatable, Sendable {
    /// The first byte of a member, a frame or a block.
    package let place: Int
    /// Of a block of xz: what its file's index tells.
    package var block: Block?

    package struct Block: Codable, Equatable, Sendable {
        /// The header of its stream.
        package let header: Int
        /// The end of the last block of its stream.
        package let blocksEnd: Int
        /// The start of the stream behind, or the end of the file.
        package let nextStream: Int
        /// The decoded bytes of the file before it.
        package let decoded: Int
        /// The decoded bytes from it to the end of its stream.
        package let rest: Int
    }

    package init(place: Int, block: Block? = nil) { (self.place, self.block) = (place, block) }
}

/// Looks for the members of a file, of which the first in each stretch of a size begins a part.
package struct MemberScan {
    private let file: SourceFile
    private let reader: FileReader
    private let format: CompressionFormat

    private static let partSize = 1 << 20
    /// Bytes by which a member is known.
    private static let signatureSize = 10
    /// Decoded bytes that show that a member begins there, and not bytes that look like it.
    private static let trialSize = 1 << 18

    /// The starts of parts of a file, the first of them 0; that one alone where it cannot be shared out.
    ///
    /// - Parameter size: the bytes of a part.
    package static func starts(
        of file: SourceFile, size: Int, separator: String
    ) throws -> [MemberStart] {
        let whole = [MemberStart(place: 0)]
        guard let format = file.kind.compression, file.size > size,
            file.kind.isSplittableByMember(separator: separator)
        else { return whole }
        let scan = MemberScan(file: file, reader: try FileReader(path: file.path), format: format)
        let found = try format == .xz ? scan.blocks(size) : scan.members(size)
        return found.isEmpty ? whole : found
    }

    private func blocks(_ size: Int) throws -> [MemberStart] {
        guard let blocks = try XZIndex.blocks(of: reader) else { return [] }
        var starts: [MemberStart] = []
        for block in blocks
        where starts.isEmpty || block.place / size > starts[starts.count - 1].place / size {
            starts.append(block)
        }
        return file.kind.format == .warc
            ? try starts.filter { try $0.block?.decoded == 0 || beginsRecord($0) } : starts
    }

    private func members(_ size: Int) throws -> [MemberStart] {
        var starts = [MemberStart(place: 0)]
        for start in stride(from: size, to: reader.size, by: size) {
            guard let place = try first(in: start..<min(start + size, reader.size)) else {
                continue
            }
            starts.append(MemberStart(place: place))
        }
        return starts
    }

    /// The first member that begins in a stretch.
    private func first(in range: Range<Int>) throws -> Int? {
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.partSize) {
            let end = min(start + Self.partSize, range.upperBound)
            let count = min(end - start + Self.signatureSize, reader.size - start)
            let bytes = try reader.bytes(at: start, count: count)
            for offset in candidates(bytes) where offset < end - start {
                if try isMember(at: start + offset) { return start + offset }
            }
        }
        return nil
    }

    /// The offsets at which the signature of the format stands.
    private func candidates(_ bytes: [UInt8]) -> [Int] {
        let signature: [UInt8] =
            switch format {
            case .gzip: [0x1F, 0x8B, 8]
            case .zstd: [0x28, 0xB5, 0x2F, 0xFD]
            default: Array("BZh".utf8)
            }
        return bytes.withUnsafeBufferPointer { bytes in
            var (found, start): ([Int], Int) = ([], 0)
            while let place = bytes.firstPlace(of: signature, in: start..<bytes.count) {
                if CompressionFormat(of: bytes[place...]) == format { found.append(place) }
                start = place + 1
            }
            return found
        }
    }

    /// Whether a member can be decoded, to its end or for a long while.
    private func isMember(at place: Int) throws -> Bool {
        let second = PartLimit()
        let buffer = StreamBuffer(
            try DecodedStream(
                FileStream(reader, from: place), format, path: file.path,
                until: MemberMark(place: 1, slack: 0, limit: second)))
        do {
            while buffer.available < Self.trialSize, second.last == .max, try buffer.fill() {}
        } catch is CutFile {
            // What is cut off itself belongs to the part before, which tells it.
            guard second.last < .max else { return false }
        }
        return isStart(buffer.bytes)
    }

    private func beginsRecord(_ start: MemberStart) throws -> Bool {
        let buffer = StreamBuffer(
            try file.stream(from: start, until: nil, PartLimit(), slack: 0))
        do {
            try buffer.require(Self.signatureSize)
        } catch is CutFile {
            return false
        }
        return isStart(buffer.bytes)
    }

    /// Whether a part may begin with these bytes.
    private func isStart(_ bytes: [UInt8]) -> Bool {
        file.kind.format != .warc || bytes.starts(with: "WARC/".utf8)
    }
}
