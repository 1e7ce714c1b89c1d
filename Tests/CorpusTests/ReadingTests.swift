import Corpus
import JSON
import TemporaryFolders
import Testing

@Suite struct ReadingTests {
    /// The texts of a folder, and the reasons of what holds none.
    private func read(
        _ folder: TemporaryFolder, pieceSize: Int = 1 << 20, _ options: CorpusOptions = .init()
    ) throws -> (texts: [String], reasons: [String]) {
        var options = options
        options.input = [folder.path]
        let plan = try CorpusPlan(options, pieceSize: pieceSize)
        var (texts, reasons): ([String], [String]) = ([], [])
        for piece in plan.pieces {
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

    @Test func everyFormatIsKnownByItsBytes() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "{\"text\": \"one\", \"n\": 1}\r\n\n{\"n\": 2, \"text\": \"t\u{2028}wo\"}", to: "1.x")
        try folder.write("[{\"text\": \"a, ]\\\"}\"},\n {\"text\": \"b\"} ]\n", to: "2.x")
        try folder.write("id,text\n1,\"x, \"\"y\"\"\nz\"\n2,w\n", to: "3.x")
        try folder.write("text\tid\nq\"uote\t1\n", to: "4.x")
        try folder.write("plain<|endoftext|>more\n", to: "5.x")
        try folder.put(
            [0xFF, 0xFE] + "wide".utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }, at: "6.x")
        try folder.put([0xEF, 0xBB, 0xBF] + Array("marked".utf8), at: "7.x")
        let (texts, reasons) = try read(folder)
        #expect(
            texts == [
                "one", "t\u{2028}wo", "a, ]\"}", "b", "x, \"y\"\nz", "w", "q\"uote", "plain",
                "more\n",
                "wide", "marked",
            ])
        #expect(reasons.isEmpty)
    }

    /// Pieces of any size give the documents of the whole, each once.
    @Test(arguments: ["<|endoftext|>", "\n\n", "\n", "aba"])
    func piecesGiveEachDocumentOnce(separator: String) throws {
        let folder = try TemporaryFolder()
        let texts = (0..<60).map { "doc \($0) " + String(repeating: "x", count: $0 * 7 % 40) }
        try folder.write(
            texts.joined(separator: separator == "\n\n" ? "\n\n\n" : separator), to: "a.txt")
        try folder.write(texts.map { "{\"text\":\"\($0)\"}\n" }.joined(), to: "b.jsonl")
        var options = CorpusOptions()
        options.separator = separator
        let whole = try read(folder, options).texts
        #expect(whole == texts + texts)
        for size in [1, 2, 3, 7, 20, 64, 333] {
            #expect(try read(folder, pieceSize: size, options).texts == whole, "\(size) bytes")
        }
    }

    @Test func recordsWithoutATextAreCountedOrRefused() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "{\"text\":\"good\"}\n{\"other\":1}\n{\"text\":5}\nnot json\n{\"text\":\"lone \\ud83d half\"}\n",
            to: "a.jsonl")
        let (texts, reasons) = try read(folder)
        #expect(texts == ["good", "lone \u{FFFD} half"])
        #expect(reasons == ["no_text", "no_text", "no_json"])
        var options = CorpusOptions()
        options.strict = true
        let line = failureLine { _ = try read(folder, options) }
        #expect(line.contains("a.jsonl, byte 16") && line.contains("got other"), "\(line)")
    }

    /// The short way reads what the parser of all JSON reads, or leaves it to that.
    @Test(arguments: [
        #"{"text":"a\n\"b\" \u00e9 \ud83d\ude00","n":[1,{"a":"}"}],"s":"x,\"y"}"#,
        #" { "id" : 1.5e3 , "text" : "é\/\t" , "b" : null } "#,
        #"{"text":"a"}"#, #"{"text":"a","text":"b"}"#, #"{"n":1,"n":2,"text":"c"}"#,
        #"{"text":"a\ud83d"}"#, #"{"text":"a"}x"#, #"{"text":"a","n":}"#, #"{"text":"a","n":1"#,
        #"{"a\u0062":1,"text":"c"}"#, #"{"text":5}"#, #"{"n":"text"}"#, "{\"text\":\"a\nb\"}", "{",
    ])
    func plainRecordsAreThoseOfTheParser(line: String) {
        let bytes = Array(line.utf8)
        let plain = bytes.withUnsafeBytes {
            PlainRecord($0, textField: Array("text".utf8), at: "a")
        }
        guard let plain else { return }
        let value = try? JSONValue(parsing: bytes, at: "a")
        #expect(value?["text"]?.bytes == plain.text)
        let others = value?.members?.filter { !$0.key.elementsEqual("text".utf8) }
        #expect(others == plain.metadata)
    }

    /// Brackets that nothing opened end no element, and are not read for ever.
    @Test func elementsThatAreNoJSONAreCounted() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "[{\"text\":\"one\"},\n {\"n\":1e5} t\":\"two\",\"e5} ] , {\"text\":\"three\"}]",
            to: "a")
        let (texts, reasons) = try read(folder)
        #expect(texts == ["one"])
        #expect(reasons == ["no_json"])
    }

    @Test func bytesThatAreNotUTF8AreReplacedOrRead() throws {
        let folder = try TemporaryFolder()
        try folder.put(
            Array("caf".utf8) + [0xE9] + Array(" au lait and more of it".utf8), at: "a.txt")
        #expect(try read(folder).texts == ["caf\u{FFFD} au lait and more of it"])
        var options = CorpusOptions()
        options.encoding = .latin1
        #expect(try read(folder, options).texts == ["café au lait and more of it"])
        options = CorpusOptions()
        options.strict = true
        #expect(failureLine { _ = try read(folder, options) }.contains("not UTF-8"))
    }

    @Test func whatIsNoTextIsNamed() throws {
        let folder = try TemporaryFolder()
        try folder.put(Array("GGUF".utf8) + [3, 0, 0, 0] + Array(repeating: 7, count: 90), at: "m")
        #expect(failureLine { _ = try read(folder) }.contains("a GGUF file"))
        var options = CorpusOptions()
        options.input = ["s3://bucket/data"]
        #expect(failureLine { _ = try CorpusPlan(options) }.contains("aws s3 cp"))
        options.input = ["\(folder.path)/*.none"]
        #expect(failureLine { _ = try CorpusPlan(options) }.contains("no file matches"))
    }
}
