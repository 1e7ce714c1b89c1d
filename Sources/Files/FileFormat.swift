/// A kind of file that is no plain text, known by its first bytes.
package struct FileFormat: Equatable, Sendable {
    /// The name with its article: "a gzip file".
    package let name: String
    /// What a user should do with such a file where text is wanted.
    package let remedy: String

    /// The number of first bytes that suffices to know every format.
    package static let headSize = 512

    private init(_ name: String, _ remedy: String) {
        self.name = name
        self.remedy = remedy
    }

    /// The format of a file that begins with these bytes, of which the first `headSize` count; nil for
    /// text in UTF-8 and for what is not known.
    package init?(of bytes: some Collection<UInt8>) {
        let head = Array(bytes.prefix(Self.headSize))
        let known = Self.signatures.first { $0.matches(head) }?.format
        guard let format = known ?? Self.safetensors(head) ?? Self.utf16(head) else { return nil }
        self = format
    }

    /// Formats that are text, too, and found where a document of JSON or a tokenizer is wanted.
    package init?(ofDocument bytes: some Collection<UInt8>) {
        if let format = FileFormat(of: bytes) {
            self = format
            return
        }
        let head = Array(bytes.prefix(Self.headSize))
        let start = String(decoding: head, as: UTF8.self).drop { $0.isWhitespace }
        if start.lowercased().hasPrefix("<!doctype html") || start.lowercased().hasPrefix("<html") {
            self = FileFormat("a web page", "download the file itself")
        } else if Self.isTiktoken(head) {
            self = FileFormat(
                "a tiktoken file", "name the tokenizer.json of the same model, or convert it")
        } else {
            return nil
        }
    }
}

// MARK: Recognition

extension FileFormat {
    private struct Signature {
        var offset = 0
        let bytes: [UInt8]
        let format: FileFormat

        func matches(_ head: [UInt8]) -> Bool {
            head.count >= offset + bytes.count && head[offset...].starts(with: bytes)
        }
    }

    private static func signature(
        _ text: String, _ bytes: [UInt8], _ name: String, _ remedy: String, at offset: Int = 0
    ) -> Signature {
        Signature(
            offset: offset, bytes: Array(text.utf8) + bytes, format: FileFormat(name, remedy))
    }

    /// The known signatures; those in letters are so long that no text begins with one.
    private static let signatures =
        compressed + wideText + [
            signature("%PDF-", [], "a PDF file", "extract its text, for example by pdftotext"),
            signature("PAR1", [0x15], "a Parquet file", columns),
            signature("ARROW1", [0, 0], "an Arrow file", columns),
            signature("", [0xFF, 0xFF, 0xFF, 0xFF], "an Arrow stream", columns),
            signature("Obj", [1], "an Avro file", columns),
            signature(
                "", [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], "an HDF5 file",
                "name text files; shards that are prepared already are named as data.train"),
            signature("", [0x80, 2], "a Python pickle", pickle),
            signature("", [0x80, 3], "a Python pickle", pickle),
            signature("", [0x80, 4], "a Python pickle", pickle),
            signature("", [0x80, 5], "a Python pickle", pickle),
            signature("", [0x93] + Array("NUMPY".utf8), "a NumPy file", columns),
            signature("GGUF", [2, 0, 0, 0], "a GGUF file", "name it as a model"),
            signature("GGUF", [3, 0, 0, 0], "a GGUF file", "name it as a model"),
            signature("SQLite format 3", [0], "an SQLite database", columns),
            signature("", [0xD0, 0xCF, 0x11, 0xE0], "an Office document", "save it as text"),
            signature("", [0x89, 0x50, 0x4E, 0x47], "a PNG image", "name another file"),
            signature("", [0xFF, 0xD8, 0xFF], "a JPEG image", "name another file"),
            signature("", [0x7F, 0x45, 0x4C, 0x46], "a program (ELF)", "name another file"),
            signature(
                "version https://git-lfs", [], "a pointer of Git LFS",
                "fetch the file itself by git lfs pull"),
        ]

    private static let columns = "export its texts as JSON lines or plain text"
    private static let pickle = "load it in Python, and save it in an open format"

    private static let compressed = [
        signature("", [0x1F, 0x8B], "a gzip file", "decompress it by gunzip"),
        signature("", [0x28, 0xB5, 0x2F, 0xFD], "a zstd file", "decompress it by unzstd"),
        signature(
            "", [0x31, 0x41, 0x59, 0x26, 0x53, 0x59], "a bzip2 file", "decompress it by bunzip2",
            at: 4),
        signature("", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "an xz file", "decompress it by unxz"),
        signature("", [0x04, 0x22, 0x4D, 0x18], "an lz4 file", "decompress it by unlz4"),
        signature("PK", [3, 4], "a zip archive", "extract what it holds by unzip"),
        signature("PK", [5, 6], "a zip archive", "extract what it holds by unzip"),
        signature("7z", [0xBC, 0xAF, 0x27, 0x1C], "a 7z archive", "extract what it holds"),
        signature("Rar!", [0x1A, 7], "a RAR archive", "extract what it holds"),
        signature("ustar", [], "a tar archive", "extract what it holds by tar -x", at: 257),
    ]

    private static let wideText = [
        signature("", [0xFF, 0xFE, 0, 0], "text in UTF-32", conversion("UTF-32")),
        signature("", [0, 0, 0xFE, 0xFF], "text in UTF-32", conversion("UTF-32")),
        signature("", [0xFF, 0xFE], "text in UTF-16", conversion("UTF-16")),
        signature("", [0xFE, 0xFF], "text in UTF-16", conversion("UTF-16")),
    ]

    /// Advice on turning text of another encoding into UTF-8.
    package static func conversion(_ encoding: String) -> String {
        "convert it by iconv -f \(encoding) -t UTF-8"
    }

    /// Eight bytes, the length of a JSON object that follows.
    private static func safetensors(_ head: [UInt8]) -> FileFormat? {
        guard head.count > 10, head[5..<8].allSatisfy({ $0 == 0 }),
            head[8...].starts(with: Array("{\"".utf8))
        else { return nil }
        return FileFormat("a safetensors file", "name it as a model")
    }

    /// UTF-16 without its mark: bytes of zero are on one side of the pairs alone (letters of ASCII,
    /// spaces, line ends), and the pairs are characters of text.
    private static func utf16(_ head: [UInt8]) -> FileFormat? {
        let pairs = head.count / 2
        guard pairs > 1 else { return nil }
        let zeros = (0..<2).map { side in (0..<pairs).count { head[2 * $0 + side] == 0 } }
        guard zeros.contains(0), let zeroCount = zeros.max(), zeroCount * 20 > pairs else {
            return nil
        }
        let isBigEndian = zeros[0] > 0
        let units = (0..<pairs).map { pair in
            let (first, second) = (UInt16(head[2 * pair]), UInt16(head[2 * pair + 1]))
            return isBigEndian ? first << 8 | second : second << 8 | first
        }
        // The head may end inside a pair of surrogates.
        let isText = String(decoding: units.dropLast(), as: UTF16.self).unicodeScalars.allSatisfy {
            $0 != "\u{FFFD}" && ($0.value >= 0x20 || "\t\r\n".unicodeScalars.contains($0))
        }
        let encoding = isBigEndian ? "UTF-16BE" : "UTF-16LE"
        return isText ? FileFormat("text in UTF-16", conversion(encoding)) : nil
    }

    /// Lines of a token in base 64, a space and its rank.
    private static func isTiktoken(_ head: [UInt8]) -> Bool {
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\n").prefix(2)
        guard lines.count == 2 else { return false }
        let ranks = lines.map { line -> Int? in
            let words = line.split(separator: " ")
            guard words.count == 2, words[0].utf8.count % 4 == 0,
                words[0].allSatisfy({
                    $0.isASCII && ($0.isLetter || $0.isNumber || "+/=".contains($0))
                })
            else { return nil }
            return Int(words[1])
        }
        return ranks == [0, 1]
    }
}
