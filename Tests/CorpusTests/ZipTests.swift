import CCompression
import Corpus
import TemporaryFolders
import Testing

@Suite struct ZipTests {
    private typealias Member = (name: String, content: [UInt8], isDeflated: Bool)

    private func read(
        _ folder: TemporaryFolder, strict: Bool = false
    ) throws -> (texts: [String], reasons: [String]) {
        var options = CorpusOptions()
        options.input = [folder.path]
        options.strict = strict
        var (texts, reasons): ([String], [String]) = ([], [])
        for piece in try CorpusPlan(options).pieces {
            let reader = PieceReader(piece, options)
            while let record = try reader.next() {
                switch record {
                case .document(let document):
                    texts.append(String(decoding: document.text, as: UTF8.self))
                case .unreadable(let reason, _, _): reasons.append(reason)
                }
            }
        }
        return (texts, reasons)
    }

    private static func bytes(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    /// The deflated bytes within a gzip stream.
    private static func deflated(_ content: [UInt8]) -> [UInt8] {
        let encoder = ccompression_encoder_create(Int32(CCOMPRESSION_GZIP), 6)
        defer { ccompression_encoder_free(encoder) }
        var output = [UInt8](repeating: 0, count: content.count + 1000)
        var (consumed, produced) = (0, 0)
        let status = ccompression_encode(
            encoder, content, content.count, &consumed, &output, output.count, &produced, 1)
        precondition(Int(status) == CCOMPRESSION_MEMBER_END, "the output has room for all")
        return Array(output[10..<produced - 8])
    }

    private static func zip(_ members: [Member], damages: String? = nil) -> [UInt8] {
        var (archive, directory): ([UInt8], [UInt8]) = ([], [])
        for (name, content, isDeflated) in members {
            let data = isDeflated ? deflated(content) : content
            let sum = ccompression_checksum(0, content, content.count)
            let facts =
                bytes(isDeflated ? 8 : 0, 2) + bytes(0, 4) + bytes(Int(sum), 4)
                + bytes(data.count, 4) + bytes(content.count, 4) + bytes(name.utf8.count, 2)
            directory += [0x50, 0x4B, 1, 2, 20, 0, 20, 0, 0, 0] + facts + bytes(0, 12)
            directory += bytes(archive.count, 4) + Array(name.utf8)
            archive += [0x50, 0x4B, 3, 4, 20, 0, 0, 0] + facts + bytes(0, 2) + Array(name.utf8)
            archive += name == damages ? data.map { $0 ^ 1 } : data
        }
        let end =
            [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + bytes(members.count, 2) + bytes(members.count, 2)
            + bytes(directory.count, 4) + bytes(archive.count, 4) + [0, 0]
        return archive + directory + end
    }

    private static func texts() -> [Member] {
        let long = Array(String(repeating: "a line of the text\n", count: 5000).utf8)
        return [
            ("a.txt", Array("one<|endoftext|>two".utf8), false), ("folder/", [], false),
            ("folder/b.jsonl", Array("{\"text\":\"three\"}\n".utf8), true),
            ("c.bin", [UInt8](repeating: 0, count: 700), true), ("d.txt", long, true),
            ("e.txt", Array("five".utf8), false),
        ]
    }

    @Test func filesOfAnArchiveAreReadAsWhatTheyAre() throws {
        let folder = try TemporaryFolder()
        let long = String(repeating: "a line of the text\n", count: 5000)
        try folder.put(Self.zip(Self.texts()), at: "a")
        let found = try read(folder)
        #expect(found.texts == ["one", "two", "three", long, "five"])
        #expect(found.reasons == ["no_documents"])
    }

    @Test func filesBeforeACutAreKept() throws {
        let folder = try TemporaryFolder()
        let whole = Self.zip(Self.texts())
        try folder.put(Array(whole[..<(whole.count - 400)]), at: "a")
        let found = try read(folder)
        #expect(found.texts.starts(with: ["one", "two", "three"]))
        #expect(found.reasons == ["no_documents", "damaged_file"])
        #expect(failureLine { _ = try read(folder, strict: true) }.contains("no documents"))
    }

    @Test(arguments: ["e.txt", "folder/b.jsonl"])
    func damagedFilesAreCountedAndOthersRead(name: String) throws {
        let folder = try TemporaryFolder()
        try folder.put(Self.zip(Self.texts(), damages: name), at: "a")
        let found = try read(folder)
        #expect(found.reasons.contains("damaged_file"))
        #expect(found.texts.starts(with: ["one", "two"]))
        #expect(found.texts.contains { $0.count > 5000 })
    }

    @Test func aBookIsOneDocumentInTheOrderOfReading() throws {
        let folder = try TemporaryFolder()
        let container =
            "<?xml version=\"1.0\"?><container><rootfiles>"
            + "<rootfile full-path=\"OEBPS/book.opf\"/></rootfiles></container>"
        let package = """
            <package xmlns:dc="x"><metadata><dc:title>A &amp; B</dc:title></metadata><manifest>
            <!-- <item id="c3" href="none"/> -->
            <item id="c2" href="second%20part.xhtml"/><item href='text/../first.xhtml' id='c1'/>
            </manifest><spine><itemref idref="c1"/><itemref idref="c2"/></spine></package>
            """
        func page(_ text: String) -> [UInt8] {
            Array("<html><head><title>t</title></head><body><p>\(text)</p></body></html>".utf8)
        }
        let members: [Member] = [
            ("mimetype", Array("application/epub+zip".utf8), false),
            ("META-INF/container.xml", Array(container.utf8), true),
            ("OEBPS/book.opf", Array(package.utf8), true),
            ("OEBPS/second part.xhtml", page("The end."), true),
            ("OEBPS/first.xhtml", page("Chapter one."), true),
        ]
        try folder.put(Self.zip(members), at: "book.epub")
        #expect(try read(folder).texts == ["Chapter one.\n\nThe end."])
        let key: Member = (
            "META-INF/encryption.xml",
            Array("<CipherReference URI=\"OEBPS/first.xhtml\"/>".utf8), false
        )
        try folder.put(Self.zip(members + [key]), at: "book.epub")
        #expect(try read(folder).reasons == ["no_text"])
    }

    @Test func documentsOfOfficesAreRefusedWithACommand() throws {
        let folder = try TemporaryFolder()
        let members: [Member] = [
            ("[Content_Types].xml", Array("<a/>".utf8), true),
            ("word/document.xml", Array("<a/>".utf8), true),
        ]
        try folder.put(Self.zip(members), at: "a.docx")
        let line = failureLine { _ = try read(folder) }
        #expect(line.contains("a Word document") && line.contains("pandoc --to plain"), "\(line)")
        try folder.put(Array("%PDF-1.7\n%\u{E2}".utf8), at: "a.docx")
        #expect(failureLine { _ = try read(folder) }.contains("pdftotext"))
    }

    @Test func anArchiveInAnArchiveIsCounted() throws {
        let folder = try TemporaryFolder()
        let inner = Self.zip(Self.texts())
        try folder.put(Self.zip([("in.zip", inner, false)] + Self.texts()), at: "a")
        let found = try read(folder)
        #expect(found.reasons == ["no_documents", "no_documents"])
        #expect(found.texts.first == "one")
    }
}
