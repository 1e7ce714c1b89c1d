import Diagnostics
import Files

/// How the documents lie in a file.
package enum RecordFormat: String, Sendable {
    /// Plain text, whose documents a separator ends.
    case text
    /// One JSON object a line.
    case lines
    /// One array of JSON objects.
    case array
    /// A table whose first line names its columns.
    case table
    /// A page, which is a document.
    case html
    /// An archive of files of any kind.
    case tar
    /// Pages or texts with their addresses.
    case warc
    /// Columns, which are read by their places in the file.
    case parquet
    /// An archive of files of any kind, or a book, read by its directory.
    case zip
}

/// What some bytes are, known by the first of them.
package struct ContentKind: Sendable {
    package let compression: CompressionFormat?
    /// Whether the text is in UTF-16.
    package let isWide: Bool
    package let format: RecordFormat
    /// What separates the fields of a table.
    package let fieldSeparator: UInt8

    /// The bytes at the front that suffice to know what a file is.
    package static let headSize = 1 << 16

    /// - Parameter head: The first bytes, decompressed.
    package init(
        head: [UInt8], compression: CompressionFormat?, options: CorpusOptions, at path: String
    ) throws {
        self.compression = compression
        isWide =
            (head.starts(with: [0xFF, 0xFE]) && !head.starts(with: [0xFF, 0xFE, 0, 0]))
            || head.starts(with: [0xFE, 0xFF])
        if let container = Self.container(head) {
            (format, fieldSeparator) = (container, 0)
            return
        }
        let text = isWide ? WideText.decoded(head) : head
        if !isWide { try Self.refuseBinary(head, isLatin: options.encoding == .latin1, at: path) }
        (format, fieldSeparator) = Self.layout(of: text, textField: options.textField)
    }

    private static func container(_ head: [UInt8]) -> RecordFormat? {
        if head.starts(with: "WARC/1.".utf8) || head.starts(with: "WARC/0.".utf8) { return .warc }
        if head.starts(with: "PAR1".utf8) { return .parquet }
        if head.starts(with: [0x50, 0x4B, 3, 4]) || head.starts(with: [0x50, 0x4B, 5, 6]) {
            return .zip
        }
        let isTar = head.count > 262 && head[257...].starts(with: "ustar".utf8)
        return isTar ? .tar : nil
    }

    private static func refuseBinary(_ head: [UInt8], isLatin: Bool, at path: String) throws {
        let end = head.suffix(4).lastIndex { $0 & 0xC0 != 0x80 } ?? head.count
        let sample = TextSample([Array(head[..<(head.count < headSize ? head.count : end)])])
        guard let failure = sample.refusal("the file holds no documents", at: path) else { return }
        if isLatin, failure.got == "text in another encoding" { return }
        throw failure
    }

    private static func layout(
        of head: [UInt8], textField: String
    ) -> (format: RecordFormat, separator: UInt8) {
        let text = head.starts(with: [0xEF, 0xBB, 0xBF]) ? head.dropFirst(3) : head[...]
        let rest = text.drop { $0 <= 0x20 }
        if rest.first == UInt8(ascii: "{") {
            let next = rest.dropFirst().first { $0 > 0x20 }
            if next == UInt8(ascii: "\"") || next == UInt8(ascii: "}") { return (.lines, 0) }
        }
        if rest.first == UInt8(ascii: "["),
            rest.dropFirst().first(where: { $0 > 0x20 }) == UInt8(ascii: "{")
        {
            return (.array, 0)
        }
        if isPage(rest) { return (.html, 0) }
        let first = rest.prefix { $0 != 0x0A && $0 != 0x0D }
        for separator in ",\t;|".utf8 where first.contains(separator) {
            let names = TableRow.fields(of: Array(first), separator: separator)
            if names.contains(Array(textField.utf8)) { return (.table, separator) }
        }
        return (.text, 0)
    }

    /// Whether a page of HTML begins, behind comments and the mark of XML.
    private static func isPage(_ text: ArraySlice<UInt8>) -> Bool {
        let start = String(decoding: text.prefix(1024), as: UTF8.self).lowercased()
        guard start.hasPrefix("<") else { return false }
        return ["<!doctype html", "<html"].contains { start.contains($0) }
    }

    /// Whether parts of a file of this kind can be read by themselves.
    package func isSplittable(separator: String) -> Bool {
        guard compression == nil, !isWide else { return false }
        switch format {
        case .lines: return true
        case .text: return TextSeparator(separator).isFindable
        case .array, .table, .html, .tar, .warc, .parquet, .zip: return false
        }
    }

    /// Whether parts of a file of this kind can be read that begin at members of its compression.
    package func isSplittableByMember(separator: String) -> Bool {
        guard let compression, compression != .deflate, !isWide else { return false }
        switch format {
        case .lines, .warc: return true
        case .text: return TextSeparator(separator).isFindable
        case .array, .table, .html, .tar, .parquet, .zip: return false
        }
    }

    /// The bytes of records behind the start of a member that the part before it reads; see `MemberMark`.
    package func slack(_ separator: String) -> Int {
        switch format {
        case .warc: -1
        case .text: max(0, separator.utf8.count - 1)
        default: 0
        }
    }

    /// The documents of a part that begins at a member.
    ///
    /// - Parameter isContinued: Whether there is a part before.
    package func reader(
        _ stream: any ByteStream, isContinued: Bool, limit: PartLimit, _ rules: ReadingRules
    ) throws -> any DocumentReader {
        switch format {
        case .lines:
            return JSONLinesReader(
                try LineReader(stream, isContinued: isContinued, limit: limit), rules)
        case .warc: return WARCReader(stream, limit: limit, rules)
        default:
            return try PlainTextReader(stream, isContinued: isContinued, limit: limit, rules)
        }
    }

    /// The documents of a stream of this kind.
    ///
    /// - Parameters:
    ///   - offset: The place in the file from which on documents are wanted, where it is split; the stream
    ///     begins `lead` bytes before.
    ///   - limit: The place from which on documents belong to another part.
    package func reader(
        _ stream: any ByteStream, from offset: Int, limit: Int, _ rules: ReadingRules
    ) throws -> any DocumentReader {
        let stream = try isWide ? WideText.stream(stream, at: rules.path) : stream
        switch format {
        case .lines:
            return try JSONLinesReader(stream, from: offset, limit: limit, rules)
        case .array: return JSONArrayReader(stream, rules)
        case .table: return try TableReader(stream, separator: fieldSeparator, rules)
        case .text: return try PlainTextReader(stream, from: offset, limit: limit, rules)
        case .html: return HTMLReader(stream, rules)
        case .tar: return TarReader(stream, rules)
        case .warc: return WARCReader(stream, rules)
        case .parquet: return try ParquetReader(rules)
        case .zip: return try ZipReader(rules)
        }
    }

    /// Refuses what is read by places in its file where it lies within something else.
    package func needsFile(at path: String) -> Failure {
        Failure(
            "a \(format.rawValue) file is read by its directory",
            expected: "a file of its own", got: "one within another", at: path,
            remedy: "decompress or extract it first")
    }

    /// The bytes before a part of a file that its reader must see.
    package func lead(_ separator: String) -> Int {
        format == .lines ? 1 : PlainTextReader.lead(separator)
    }

    /// The format, and the compression around it.
    package var name: String {
        format.rawValue + (compression.map { ", \($0.rawValue)" } ?? "")
            + (isWide ? ", utf-16" : "")
    }
}
