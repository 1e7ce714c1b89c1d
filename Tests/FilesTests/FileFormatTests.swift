import Files
import Foundation
import Testing

@Suite struct FileFormatTests {
    private static func tar(_ text: String) -> [UInt8] {
        Array(text.utf8) + Array(repeating: 0, count: 257 - text.utf8.count) + Array("ustar".utf8)
    }

    /// The first bytes as the usual programs write them.
    private static let heads: [([UInt8], String)] = [
        ([0x1F, 0x8B, 8, 0, 0, 0], "a gzip file"), ([0x28, 0xB5, 0x2F, 0xFD, 4], "a zstd file"),
        (Array("BZh91AY&SY".utf8), "a bzip2 file"),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0], "an xz file"),
        (Array("PK\u{3}\u{4}\u{14}".utf8), "a zip archive"), (tar("a.txt"), "a tar archive"),
        (Array("%PDF-1.7\n".utf8), "a PDF file"), (Array("PAR1\u{15}\u{4}".utf8), "a Parquet file"),
        (Array("ARROW1\0\0".utf8), "an Arrow file"),
        ([0xFF, 0xFF, 0xFF, 0xFF, 0x70, 0, 0, 0], "an Arrow stream"),
        ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A, 3], "an HDF5 file"),
        ([0x80, 4, 0x95, 9, 0], "a Python pickle"), ([0x80, 2, 0x7D], "a Python pickle"),
        (Array("GGUF\u{3}\0\0\0".utf8), "a GGUF file"),
        ([0x40, 0, 0, 0, 0, 0, 0, 0] + Array("{\"a\":".utf8), "a safetensors file"),
        (Array("SQLite format 3\0".utf8), "an SQLite database"),
        (Array("version https://git-lfs.github.com/spec/v1\n".utf8), "a pointer of Git LFS"),
    ]

    @Test(arguments: heads)
    func aFormatIsKnownByItsFirstBytes(head: [UInt8], name: String) {
        for bytes in [head, head + Array(repeating: 7, count: 600)] {
            #expect(FileFormat(of: bytes)?.name == name)
            #expect(FileFormat(ofDocument: bytes)?.name == name)
        }
        // Cut short it may be anything, but is no crash.
        for count in head.indices { _ = FileFormat(ofDocument: head.prefix(count)) }
    }

    @Test(arguments: [
        String.Encoding.utf16, .utf16LittleEndian, .utf16BigEndian, .utf32, .utf32LittleEndian,
    ])
    func wideEncodingsAreKnownWithAndWithoutTheirMark(encoding: String.Encoding) throws {
        for text in ["Hello, world.\n", "{\"a\": 1}", "Привет, как дела? Всё хорошо.\n", "a\nb"] {
            let bytes = [UInt8](try #require(text.data(using: encoding)))
            let isWide = encoding == .utf32 || encoding == .utf32LittleEndian
            // Without a mark UTF-32 is binary data, of which every second byte is zero.
            guard !isWide || bytes.starts(with: [0xFF, 0xFE]) else {
                #expect(TextSample([bytes]).refusal("x", at: "f") != nil)
                continue
            }
            #expect(FileFormat(of: bytes)?.name == (isWide ? "text in UTF-32" : "text in UTF-16"))
        }
    }

    @Test(arguments: [
        "", "a", "PARIS", "GGUF is a format", "ARROW1 of 3", "PK, my friend", "Obj 1", "{\"a\": 1}",
        "Привет", "日本語", "version 1", "BZhou\n", "7z", "\u{FEFF}text", "aGVs 0\nplain text\n",
    ])
    func textIsNoFormat(text: String) {
        #expect(FileFormat(ofDocument: Array(text.utf8)) == nil)
    }

    @Test func documentsThatAreTextAreKnown() {
        let ranks = Array("IQ== 0\nIg== 1\nIw== 2\n".utf8)
        #expect(FileFormat(ofDocument: ranks)?.name == "a tiktoken file")
        #expect(FileFormat(of: ranks) == nil)
        let page = Array("\n<!doctype HTML>\n<html>".utf8)
        #expect(FileFormat(ofDocument: page)?.name == "a web page")
        #expect(FileFormat(of: page) == nil)
    }
}
