import Diagnostics
import Files

/// A file of a zip archive.
package struct ZipEntry: Sendable {
    package var name: String
    /// 0: as it is; 8: deflated.
    var method: Int
    var isEncrypted: Bool
    var compressedSize: Int
    var size: Int
    var checksum: UInt32
    /// The place of its header in the archive.
    var offset: Int
}

/// The files of a zip archive, by its directory; of one that is cut off, by the headers of the files that
/// are there. Source: APPNOTE 6.3.10 of PKWARE.
package struct ZipArchive: Sendable {
    private let reader: FileReader
    package let entries: [ZipEntry]
    /// Whether the directory, which is at the end, is missing.
    package let isCut: Bool

    private static let maximumDirectorySize = 256 << 20

    package init(path: String) throws {
        reader = try FileReader(path: path)
        if let (start, size) = try Self.directory(of: reader) {
            entries = try Self.entries(
                reader.bytes(at: start, count: size), at: path, fileSize: reader.size)
            isCut = false
        } else {
            entries = try Self.scanned(reader)
            isCut = true
        }
    }

    package subscript(name: String) -> ZipEntry? { entries.first { $0.name == name } }

    /// The decompressed bytes of a file.
    ///
    /// - Throws: `Failure` for a file that is encrypted, or compressed in another way.
    package func stream(of entry: ZipEntry) throws -> any ByteStream {
        let place = "\(reader.path), \(entry.name)"
        guard !entry.isEncrypted, entry.method == 0 || entry.method == 8 else {
            throw Failure(
                "cannot read a file of the archive", expected: "one that is stored or deflated",
                got: entry.isEncrypted ? "an encrypted one" : "method \(entry.method)", at: place,
                remedy: "extract it, and name what was extracted")
        }
        guard let start = try Self.local(reader, at: entry.offset)?.dataStart,
            start + entry.compressedSize <= reader.size
        else { throw Self.damage("no file where the directory says", place) }
        let stored = FileStream(reader, from: start, to: start + entry.compressedSize)
        let plain: any ByteStream =
            entry.method == 8 ? try DecodedStream(stored, .deflate, path: place) : stored
        return CheckedStream(plain, size: entry.size, checksum: entry.checksum, place: place)
    }

    /// The bytes of a file that is small by its nature; nil where there is none of the name.
    package func bytes(of name: String) throws -> [UInt8]? {
        try self[name].map { try WideText.all(of: stream(of: $0), at: "\(reader.path), \(name)") }
    }

    static func damage(_ got: String, _ place: String) -> CutFile {
        CutFile(
            failure: Failure(
                "the zip archive is cut off or damaged", expected: "its files and their directory",
                got: got, at: place, remedy: "fetch it again"))
    }
}

// MARK: The directory

extension ZipArchive {
    /// The place and size of the directory; nil where there is none.
    private static func directory(of reader: FileReader) throws -> (start: Int, size: Int)? {
        let tailSize = min(reader.size, 22 + 65_535)
        let start = reader.size - tailSize
        let tail = try reader.bytes(at: start, count: tailSize)
        guard tailSize >= 22,
            let end = (0...tailSize - 22).last(where: {
                tail[$0] == 0x50 && tail[$0...].starts(with: [0x50, 0x4B, 5, 6])
            })
        else { return nil }
        var size = number(tail, end + 12, 4)
        var place = number(tail, end + 16, 4)
        if place == 0xFFFF_FFFF || size == 0xFFFF_FFFF,
            let large = try largeDirectory(of: reader, endRecord: start + end)
        {
            (place, size) = large
        }
        guard size <= maximumDirectorySize, place >= 0, place + size <= start + end else {
            throw damage("a directory of \(size) bytes at \(place)", reader.path)
        }
        return (place, size)
    }

    private static func largeDirectory(
        of reader: FileReader, endRecord: Int
    ) throws -> (place: Int, size: Int)? {
        guard endRecord >= 20 else { return nil }
        let locator = try reader.bytes(at: endRecord - 20, count: 20)
        let place = number(locator, 8, 8)
        guard locator.starts(with: [0x50, 0x4B, 6, 7]), place >= 0, place + 56 <= endRecord else {
            return nil
        }
        let record = try reader.bytes(at: place, count: 56)
        guard record.starts(with: [0x50, 0x4B, 6, 6]) else { return nil }
        return (number(record, 48, 8), number(record, 40, 8))
    }

    private static func entries(
        _ bytes: [UInt8], at path: String, fileSize: Int
    ) throws -> [ZipEntry] {
        var (entries, position): ([ZipEntry], Int) = ([], 0)
        while position + 46 <= bytes.count {
            guard bytes[position...].starts(with: [0x50, 0x4B, 1, 2]) else {
                throw damage("an entry of the directory that is none", path)
            }
            let nameEnd = position + 46 + number(bytes, position + 28, 2)
            let extraEnd = nameEnd + number(bytes, position + 30, 2)
            let end = extraEnd + number(bytes, position + 32, 2)
            guard end <= bytes.count else { throw damage("a directory that ends early", path) }
            var entry = ZipEntry(
                name: String(decoding: bytes[(position + 46)..<nameEnd], as: UTF8.self),
                method: number(bytes, position + 10, 2),
                isEncrypted: bytes[position + 8] & 1 != 0,
                compressedSize: number(bytes, position + 20, 4),
                size: number(bytes, position + 24, 4),
                checksum: UInt32(truncatingIfNeeded: number(bytes, position + 16, 4)),
                offset: number(bytes, position + 42, 4))
            entry.takeLargeNumbers(bytes[nameEnd..<extraEnd])
            guard entry.offset >= 0, entry.compressedSize >= 0, entry.size >= 0,
                entry.offset < fileSize, entry.compressedSize <= fileSize
            else { throw damage("a file of \(entry.compressedSize) bytes", path) }
            entries.append(entry)
            position = end
        }
        return entries
    }

    /// The files whose headers follow one another from the beginning on, as far as they are whole.
    private static func scanned(_ reader: FileReader) throws -> [ZipEntry] {
        var (entries, position): ([ZipEntry], Int) = ([], 0)
        while let (entry, start) = try local(reader, at: position),
            start + entry.compressedSize <= reader.size
        {
            entries.append(entry)
            position = start + entry.compressedSize
        }
        return entries
    }

    /// The header before the bytes of a file; nil where there is none, or none that tells the sizes.
    private static func local(
        _ reader: FileReader, at position: Int
    ) throws -> (entry: ZipEntry, dataStart: Int)? {
        guard position + 30 <= reader.size else { return nil }
        let head = try reader.bytes(at: position, count: 30)
        let (nameSize, extraSize) = (number(head, 26, 2), number(head, 28, 2))
        guard head.starts(with: [0x50, 0x4B, 3, 4]),
            position + 30 + nameSize + extraSize <= reader.size
        else { return nil }
        let rest = try reader.bytes(at: position + 30, count: nameSize + extraSize)
        var entry = ZipEntry(
            name: String(decoding: rest[..<nameSize], as: UTF8.self), method: number(head, 8, 2),
            isEncrypted: head[6] & 1 != 0, compressedSize: number(head, 18, 4),
            size: number(head, 22, 4),
            checksum: UInt32(truncatingIfNeeded: number(head, 14, 4)), offset: position)
        entry.takeLargeNumbers(rest[nameSize...])
        guard entry.compressedSize >= 0 else { return nil }
        return (entry, position + 30 + nameSize + extraSize)
    }

    /// A number whose first byte is the lowest.
    static func number(_ bytes: some RandomAccessCollection<UInt8>, _ start: Int, _ count: Int)
        -> Int
    {
        let first = bytes.index(bytes.startIndex, offsetBy: start)
        let part = bytes[first..<bytes.index(first, offsetBy: count)]
        return part.reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}

extension ZipEntry {
    /// Sizes above 4 GiB stand in a field behind the name.
    fileprivate mutating func takeLargeNumbers(_ extra: ArraySlice<UInt8>) {
        var rest = extra
        while rest.count >= 4 {
            let size = ZipArchive.number(rest, 2, 2)
            guard rest.count >= 4 + size else { return }
            if ZipArchive.number(rest, 0, 2) == 1 {
                var numbers = rest.dropFirst(4).prefix(size)
                func next(_ value: Int) -> Int {
                    guard value == 0xFFFF_FFFF, numbers.count >= 8 else { return value }
                    defer { numbers = numbers.dropFirst(8) }
                    return ZipArchive.number(numbers, 0, 8)
                }
                (self.size, compressedSize, offset) = (
                    next(self.size), next(compressedSize), next(offset)
                )
            }
            rest = rest.dropFirst(4 + size)
        }
    }
}
