import CCompression
import Diagnostics

/// The files of a zip archive, each read as what its bytes say; a book in EPUB is one document.
package final class ZipReader: DocumentReader {
    private let archive: ZipArchive
    private let rules: ReadingRules
    private var entries: ArraySlice<ZipEntry>
    private var member: (any DocumentReader)?
    private var isCutTold = false

    package init(_ rules: ReadingRules) throws {
        self.rules = rules
        archive = try ZipArchive(path: rules.path)
        let isBook = !archive.isCut && ElectronicBook.isBook(archive)
        entries = isBook ? [] : archive.entries[...]
        if isBook { member = ElectronicBook(archive, rules) }
    }

    package func next() throws -> ReadRecord? {
        while true {
            if let member {
                do {
                    if let record = try member.next() { return record }
                } catch let cut as CutFile {
                    self.member = nil
                    return try unreadable("damaged_file", cut.failure)
                }
                self.member = nil
            }
            guard let entry = entries.popFirst() else { break }
            if let unreadable = try open(entry) { return unreadable }
        }
        guard archive.isCut, !isCutTold else { return nil }
        isCutTold = true
        throw ZipArchive.damage("no directory at its end", rules.path)
    }

    /// Opens a file; folders and hidden files are passed over.
    private func open(_ entry: ZipEntry) throws -> ReadRecord? {
        let name = entry.name.split(separator: "/").last ?? ""
        guard !entry.name.hasSuffix("/"), !name.hasPrefix("."), entry.size > 0 else { return nil }
        do {
            member = try MemberContents.reader(
                archive.stream(of: entry), rules.inside(entry.name))
            return nil
        } catch let failure as Failure where !rules.options.strict {
            return try unreadable("no_documents", failure)
        } catch let cut as CutFile {
            return try unreadable("damaged_file", cut.failure)
        }
    }

    private func unreadable(_ reason: String, _ failure: Failure) throws -> ReadRecord {
        if rules.options.strict { throw failure }
        return .unreadable(
            reason: reason, source: rules.path, excerpt: Array(failure.line.utf8))
    }

    /// Refuses documents of offices, which are zip archives, too.
    package static func refuseOffices(_ path: String) throws {
        guard let archive = try? ZipArchive(path: path) else { return }
        let type = try? archive.bytes(of: "mimetype").map { String(decoding: $0, as: UTF8.self) }
        let isOpen = type?.hasPrefix("application/vnd.oasis.opendocument") == true
        let kinds: [(name: String, tool: String, isThere: Bool)] = [
            ("a Word document", "pandoc --to plain", archive["word/document.xml"] != nil),
            (
                "an Excel table", "libreoffice --convert-to csv",
                archive["xl/workbook.xml"] != nil
            ),
            (
                "a PowerPoint presentation", "libreoffice --convert-to pdf",
                archive["ppt/presentation.xml"] != nil
            ),
            ("an OpenDocument file", "libreoffice --convert-to txt", isOpen),
        ]
        guard let kind = kinds.first(where: \.isThere) else { return }
        throw Failure(
            "the file holds no documents", expected: "text, records, pages, or an archive of them",
            got: kind.name, at: path, remedy: "convert it, for example by \(kind.tool) \(path)")
    }
}

/// A stream whose size and checksum are known.
final class CheckedStream: ByteStream {
    private let stream: any ByteStream
    private let place: String
    private let size: Int
    private let expected: UInt32
    private var count = 0
    private var checksum: UInt32 = 0

    init(_ stream: any ByteStream, size: Int, checksum: UInt32, place: String) {
        (self.stream, self.size, expected) = (stream, size, checksum)
        self.place = place
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let part = try stream.read(into: buffer)
        count += part
        checksum = ccompression_checksum(
            checksum, buffer.assumingMemoryBound(to: UInt8.self).baseAddress, part)
        guard part > 0 || count == size && checksum == expected else {
            throw ZipArchive.damage("\(count) bytes with another checksum", place)
        }
        return part
    }
}
