import CCompression
import Diagnostics

/// A compression of files, known by their first bytes.
package enum CompressionFormat: String, CaseIterable, Sendable {
    case gzip, zstd, bzip2, xz
    /// The bytes of a file in a zip archive.
    case deflate

    package init?(of head: some Collection<UInt8>) {
        let signatures: [(CompressionFormat, [UInt8])] = [
            (.gzip, [0x1F, 0x8B]), (.zstd, [0x28, 0xB5, 0x2F, 0xFD]), (.bzip2, Array("BZh".utf8)),
            (.xz, [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]),
        ]
        guard let found = signatures.first(where: { head.starts(with: $0.1) })?.0 else {
            return nil
        }
        // "BZh" may begin a text; a block of bzip2 follows its size with the digits of pi.
        if found == .bzip2, !head.dropFirst(4).starts(with: [0x31, 0x41, 0x59, 0x26, 0x53, 0x59]) {
            return nil
        }
        self = found
    }

    fileprivate var code: Int {
        switch self {
        case .gzip: CCOMPRESSION_GZIP
        case .zstd: CCOMPRESSION_ZSTD
        case .bzip2: CCOMPRESSION_BZIP2
        case .xz: CCOMPRESSION_XZ
        case .deflate: CCOMPRESSION_DEFLATE
        }
    }
}

/// What a compressed stream decodes to, its members or frames one after the other.
package final class DecodedStream: ByteStream {
    private let source: any ByteStream
    private let decoder: OpaquePointer
    private let format: CompressionFormat
    private let path: String
    private var input = [UInt8](repeating: 0, count: 1 << 18)
    private var next = 0
    private var end = 0
    private var isInsideMember = false
    private var isAtEnd = false
    private var consumedCount = 0
    private var producedCount = 0
    /// Bytes taken from the source so far.
    private var sourceCount = 0
    private let mark: MemberMark?
    /// Of blocks of xz without the index behind them: their decoded bytes.
    private let blocksSize: Int?
    /// What is wrong with the source behind the bytes that have been read.
    private var damage: CutFile?

    /// A stream that grows to more than so many times its size is no text.
    package static let maximumRatio = 500
    /// Bytes that may come out before the ratio counts.
    package static let freeSize = 64 << 20

    /// - Parameters:
    ///   - mark: a place in the source; what begins behind it belongs to another part.
    ///   - blocksSize: the decoded bytes of blocks of xz, where the source ends with the last of them.
    package init(
        _ source: any ByteStream, _ format: CompressionFormat, path: String,
        until mark: MemberMark? = nil, blocksSize: Int? = nil
    ) throws {
        guard let decoder = ccompression_decoder_create(Int32(format.code)) else {
            throw Failure("no memory to decompress", got: "a \(format) file", at: path)
        }
        self.source = source
        self.decoder = decoder
        self.format = format
        self.path = path
        self.mark = mark
        self.blocksSize = blocksSize
    }

    deinit { ccompression_decoder_free(decoder) }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if let damage { throw damage }
        var produced = 0
        while produced == 0, try isInputLeft() {
            produced = try decode(into: buffer)
        }
        try refuseBomb()
        return produced
    }

    /// Whether there is something to decode.
    ///
    /// - Throws: `CutFile` where the input ends inside a member.
    private func isInputLeft() throws -> Bool {
        if next < end { return !isAtEnd }
        guard !isAtEnd else { return false }
        next = 0
        end = try input.withUnsafeMutableBytes { try source.read(into: $0) }
        sourceCount += end
        guard end == 0 else { return true }
        isAtEnd = true
        guard isInsideMember, producedCount != blocksSize else { return false }
        throw CutFile(
            failure: Failure(
                "the compressed file is cut off", expected: "the end of its \(format) stream",
                got: "the end of the file after \(consumedCount) bytes", at: path,
                remedy: "fetch it again"))
    }

    private func decode(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if !isInsideMember {
            // Padding follows some streams.
            while consumedCount > 0, next < end, input[next] == 0 { next += 1 }
            guard next < end else { return 0 }
            mark?.begin(at: sourceCount - (end - next), decoded: producedCount)
            if consumedCount > 0 { _ = ccompression_decoder_reset(decoder) }
            isInsideMember = true
        }
        var (consumed, produced) = (0, 0)
        let output = buffer.assumingMemoryBound(to: UInt8.self)
        let status = input.withUnsafeBufferPointer { input in
            ccompression_decode(
                decoder, input.baseAddress.map { $0 + next }, end - next, &consumed,
                output.baseAddress, output.count, &produced)
        }
        next += consumed
        consumedCount += consumed
        producedCount += produced
        if status < 0 {
            let found = failure(status)
            // The bytes of a block of xz come before its check: they are no matter of the next ones.
            guard format == .xz, produced > 0 else { throw found }
            damage = found
        }
        if status == CCOMPRESSION_MEMBER_END { isInsideMember = false }
        return produced
    }

    private func failure(_ status: Int32) -> CutFile {
        let isMemory = Int(status) == CCOMPRESSION_NO_MEMORY
        return CutFile(
            failure: Failure(
                "cannot decompress the file", expected: "a \(format) stream",
                got: isMemory
                    ? "one that needs more memory than is allowed"
                    : "damaged data near byte \(consumedCount)", at: path,
                remedy: "fetch it again"))
    }

    private func refuseBomb() throws {
        guard producedCount > Self.freeSize, producedCount / Self.maximumRatio > consumedCount
        else { return }
        throw Failure(
            "the file grows too much when it is decompressed",
            expected: "at most \(Self.maximumRatio) times its size",
            got: "\(Quantity.bytes(producedCount)) from \(Quantity.bytes(consumedCount))",
            at: path, remedy: "leave it out: no text is so repetitive")
    }
}

/// A file that ends too early or is damaged: what comes before is kept.
package struct CutFile: Error {
    package let failure: Failure
}
