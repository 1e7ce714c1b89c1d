import Diagnostics

/// The files of a tar archive, each read as what its bytes say. Source: POSIX.1-2017, ustar and pax.
package final class TarReader: DocumentReader {
    private let buffer: StreamBuffer
    private let rules: ReadingRules
    private var member: (reader: any DocumentReader, stream: MemberStream)?
    /// A name that a record before the member gives.
    private var longName: String?
    private var isAtEnd = false

    private static let blockSize = 512

    package init(_ stream: any ByteStream, _ rules: ReadingRules) {
        buffer = StreamBuffer(stream)
        self.rules = rules
    }

    package func next() throws -> ReadRecord? {
        while true {
            if let member {
                do {
                    if let record = try member.reader.next() { return record }
                    self.member = nil
                    try member.stream.skipRest()
                } catch let cut as CutFile {
                    self.member = nil
                    try? member.stream.skipRest()
                    return try damaged(cut)
                }
            }
            guard !isAtEnd, let header = try header() else { return nil }
            if let unreadable = try open(header) { return unreadable }
        }
    }

    private struct Header {
        var name: String
        var size: Int
        var kind: UInt8
    }

    private func header() throws -> Header? {
        try buffer.require(Self.blockSize)
        guard buffer.available >= Self.blockSize else {
            isAtEnd = true
            guard buffer.available == 0 else { throw cut() }
            return nil
        }
        let block = buffer.take(Self.blockSize)
        guard block.contains(where: { $0 != 0 }) else {
            isAtEnd = true
            return nil
        }
        guard block[257...].starts(with: "ustar".utf8), let size = Self.number(block[124..<136])
        else { throw cut() }
        let (name, prefix) = (Self.text(block[..<100]), Self.text(block[345..<500]))
        defer { longName = nil }
        let whole = prefix.isEmpty ? name : "\(prefix)/\(name)"
        return Header(name: longName ?? whole, size: size, kind: block[156])
    }

    /// Opens a member, or takes what a record says of the next one.
    private func open(_ header: Header) throws -> ReadRecord? {
        let stream = MemberStream(buffer, size: header.size, blockSize: Self.blockSize)
        switch header.kind {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
            let place = "\(rules.path), \(header.name)"
            guard header.size > 0 else { return nil }
            do {
                let reader = try MemberContents.reader(stream, rules.inside(header.name))
                member = (reader, stream)
            } catch let cut as CutFile {
                try stream.skipRest()
                return try damaged(cut)
            } catch let failure as Failure where !rules.options.strict {
                try stream.skipRest()
                return .unreadable(
                    reason: "no_documents", source: place, excerpt: Array(failure.line.utf8))
            }
        case UInt8(ascii: "L"):
            longName = Self.text(try WideText.all(of: stream, at: rules.path)[...])
            try stream.skipRest()
        case UInt8(ascii: "x"):
            longName = Self.path(in: try WideText.all(of: stream, at: rules.path))
            try stream.skipRest()
        default: try stream.skipRest()
        }
        return nil
    }

    /// A member that is damaged, or cut off with the archive.
    private func damaged(_ cut: CutFile) throws -> ReadRecord {
        if rules.options.strict { throw cut.failure }
        return .unreadable(
            reason: "damaged_file", source: rules.path, excerpt: Array(cut.failure.line.utf8))
    }

    private func cut() -> CutFile {
        isAtEnd = true
        return CutFile(
            failure: Failure(
                "the tar archive is cut off or damaged", expected: "the header of a member",
                got: "other bytes", at: "\(rules.path), byte \(buffer.offset)",
                remedy: "fetch it again"))
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Octal digits; large sizes are binary with the highest bit set.
    private static func number(_ bytes: ArraySlice<UInt8>) -> Int? {
        if let first = bytes.first, first & 0x80 != 0 {
            return bytes.suffix(7).reduce(0) { $0 << 8 | Int($1) }
        }
        let digits = text(bytes).filter { $0 != " " }
        return digits.isEmpty ? 0 : Int(digits, radix: 8)
    }

    /// The path in records such as "27 path=some/where.txt\n".
    private static func path(in bytes: [UInt8]) -> String? {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            .compactMap {
                $0.firstRange(of: " path=").map { range in range.upperBound }.map($0.suffix(from:))
            }
            .first.map(String.init)
    }
}

/// A part of a stream as a stream.
package final class MemberStream: ByteStream {
    private let buffer: StreamBuffer
    private var left: Int
    private var padding: Int

    /// - Parameter blockSize: The part ends at a multiple of it.
    package init(_ buffer: StreamBuffer, size: Int, blockSize: Int = 1) {
        self.buffer = buffer
        left = size
        padding = (blockSize - size % blockSize) % blockSize
    }

    package func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
        guard left > 0 else { return 0 }
        try buffer.require(1)
        let bytes = buffer.take(min(left, target.count, buffer.available))
        guard !bytes.isEmpty else {
            throw CutFile(
                failure: Failure(
                    "the archive is cut off", expected: "\(left) more bytes of a member",
                    got: "the end of the file", remedy: "fetch it again"))
        }
        left -= bytes.count
        target.copyBytes(from: bytes)
        return bytes.count
    }

    /// Goes to the end of the part.
    package func skipRest() throws {
        var rest = left + padding
        (left, padding) = (0, 0)
        while rest > 0 {
            try buffer.require(1)
            let count = min(rest, buffer.available)
            guard count > 0 else { return }
            buffer.skip(count)
            rest -= count
        }
    }
}
