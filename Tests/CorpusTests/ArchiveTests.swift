import Corpus
import TemporaryFolders
import Testing

@Suite struct ArchiveTests {
    private func texts(_ folder: TemporaryFolder) throws -> (texts: [String], reasons: [String]) {
        var options = CorpusOptions()
        options.input = [folder.path]
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

    private static func tar(_ members: [(String, [UInt8])]) -> [UInt8] {
        var bytes: [UInt8] = []
        for (name, content) in members {
            var head = [UInt8](repeating: 0, count: 512)
            head.replaceSubrange(0..<name.utf8.count, with: name.utf8)
            let size = String(content.count, radix: 8)
            head.replaceSubrange(124..<124 + size.utf8.count, with: size.utf8)
            head[156] = UInt8(ascii: "0")
            head.replaceSubrange(257..<262, with: "ustar".utf8)
            bytes += head + content
            bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
        }
        return bytes + [UInt8](repeating: 0, count: 1024)
    }

    @Test func membersOfTarAreReadAsWhatTheyAre() throws {
        let folder = try TemporaryFolder()
        let members: [(String, [UInt8])] = [
            ("a.txt", Array("one<|endoftext|>two".utf8)),
            ("b.jsonl", Array("{\"text\":\"three\"}\n".utf8)),
            ("c.bin", [UInt8](repeating: 0, count: 700)), ("d.txt", Array("four".utf8)),
        ]
        let whole = Self.tar(members)
        try folder.put(whole, at: "a.tar")
        #expect(try texts(folder).texts == ["one", "two", "three", "four"])
        #expect(try texts(folder).reasons == ["no_documents"])
        try folder.put(Array(whole[..<2400]), at: "a.tar")
        #expect(try texts(folder).texts == ["one", "two", "three"])
        #expect(try texts(folder).reasons.last == "damaged_file")
    }

    @Test func pagesAndTextsOfWARCAreRead() throws {
        let folder = try TemporaryFolder()
        func record(_ type: String, _ uri: String, _ body: String) -> String {
            "WARC/1.0\r\nWARC-Type: \(type)\r\nWARC-Target-URI: \(uri)\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)\r\n\r\n"
        }
        let prose = String(repeating: "A sentence of the main text, which is long. ", count: 6)
        let page =
            "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
            + "<html><body><div class=nav><a href=/>Home</a></div><p>\(prose)</p>"
            + "<script>var x = 1;</script></body></html>"
        try folder.write(
            record("warcinfo", "-", "software: x") + record("response", "http://a.example/", page)
                + record("conversion", "http://b.example/", "plain text"), to: "a.warc")
        let found = try texts(folder)
        #expect(found.texts == [String(prose.dropLast()), "plain text"])
        #expect(found.reasons.isEmpty)
    }

    @Test func menusScriptsAndFootersAreNoMainText() {
        let prose = String(
            repeating: "Words of the text that stand in a paragraph here. ", count: 5)
        let page = """
            <!DOCTYPE html><html><head><title>T</title><style>p {}</style></head><body>
            <nav><ul><li><a href="/">Start</a></li><li><a href="/b">Other</a></li></ul></nav>
            <h1>The heading</h1><p>\(prose)</p><ul><li>a short item</li><li>another</li></ul>
            <pre>code  {
              x
            }</pre><p>\(prose)</p>
            <div id="footer">Copyright of somebody, all rights reserved.</div></body></html>
            """
        let text = String(
            decoding: HTMLText.mainText(of: Array(page.utf8), charset: nil), as: UTF8.self)
        let paragraph = String(prose.dropLast())
        #expect(
            text
                == "The heading\n\n\(paragraph)\n\na short item\nanother\n\ncode  {\n  x\n}\n\n\(paragraph)"
        )
    }

    /// Lists of links and short lines are main text where the page says so, and ids are no menus there.
    @Test(arguments: ["div role=\"main\"", "main"])
    func whatAPageCallsItsMainTextIsTaken(element: String) {
        let links = (0..<20).map { "<li><a href=\"/\($0)\">entry number \($0)</a></li>" }.joined()
        let end = element.prefix { $0 != " " }
        let page = """
            <!DOCTYPE html><html><body><p>Words of a note that stands outside.</p>
            <\(element)><h1>Index</h1><section id="cookie-jar"><ul>\(links)</ul></section>
            <div class="toctree-wrapper">short</div><div class="related">See others</div>
            <nav>Back</nav></\(end)><p>Words of a note that stands outside.</p></body></html>
            """
        let text = String(
            decoding: HTMLText.mainText(of: Array(page.utf8), charset: nil), as: UTF8.self)
        let entries = (0..<20).map { "entry number \($0)" }.joined(separator: "\n")
        #expect(text == "Index\n\n\(entries)\n\nshort")
    }

    /// A frame that a script fills says nothing.
    @Test func anEmptyMainTextIsNotTaken() {
        let prose = String(
            repeating: "Words of the text that stand in a paragraph here. ", count: 5)
        let page = "<html><body><main><p>Loading</p></main><p>\(prose)</p></body></html>"
        let text = String(
            decoding: HTMLText.mainText(of: Array(page.utf8), charset: nil), as: UTF8.self)
        #expect(text.contains("Words of the text"))
    }

    @Test func deepPagesAreNoStackOverflow() {
        let page = String(repeating: "<div>", count: 200_000) + "text"
        #expect(HTMLText.mainText(of: Array(page.utf8), charset: nil).isEmpty)
        let nested = "<html>" + String(repeating: "<div>", count: 5000) + "text"
        #expect(HTMLText.mainText(of: Array(nested.utf8), charset: nil).isEmpty)
    }
}
