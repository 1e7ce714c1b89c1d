import CCompression
import Corpus
import Foundation
import TemporaryFolders
import Testing

@Suite struct BadInputTests {
    private func texts(_ options: CorpusOptions) throws -> (texts: [[UInt8]], reasons: [String]) {
        try texts(CorpusPlan(options), options)
    }

    private func texts(
        _ plan: CorpusPlan, _ options: CorpusOptions
    ) throws -> (texts: [[UInt8]], reasons: [String]) {
        var (texts, reasons): ([[UInt8]], [String]) = ([], [])
        for piece in plan.pieces {
            let reader = PieceReader(piece, options)
            while let record = try reader.next() {
                switch record {
                case .document(let document): texts.append(document.text)
                case .unreadable(let reason, _, _): reasons.append(reason)
                }
            }
        }
        return (texts, reasons)
    }

    private func compressed(_ content: [UInt8], _ format: Int) -> [UInt8] {
        let encoder = ccompression_encoder_create(Int32(format), 6)
        defer { ccompression_encoder_free(encoder) }
        var output = [UInt8](repeating: 0, count: content.count / 2 + 100_000)
        var (consumed, produced) = (0, 0)
        let status = ccompression_encode(
            encoder, content, content.count, &consumed, &output, output.count, &produced, 1)
        precondition(Int(status) == CCOMPRESSION_MEMBER_END, "the output has room for all")
        return Array(output[..<produced])
    }

    @Test func aStreamThatGrowsTooMuchIsRefused() throws {
        let folder = try TemporaryFolder()
        let bomb = compressed([UInt8](repeating: 0x61, count: 100 << 20), CCOMPRESSION_GZIP)
        try folder.put(bomb, at: "a.gz")
        var options = CorpusOptions()
        options.input = [folder.path]
        let line = failureLine { _ = try texts(options) }
        #expect(line.contains("at most 500 times its size"), "\(line)")
    }

    @Test(arguments: [CCOMPRESSION_GZIP, CCOMPRESSION_ZSTD])
    func documentsBeforeACutAreKept(format: Int) throws {
        let folder = try TemporaryFolder()
        var state: UInt64 = 1
        let lines = (0..<40_000).map { number in
            state = state &* 6_364_136_223_846_793_005 &+ 1
            return "{\"text\":\"\(number) \(state)\"}\n"
        }
        let bytes = compressed(Array(lines.joined().utf8), format)
        try folder.put(Array(bytes[..<(bytes.count * 2 / 3)]), at: "a")
        var options = CorpusOptions()
        options.input = [folder.path]
        let found = try texts(options)
        #expect(found.texts.count > 1000 && found.texts.count < 40_000)
        #expect(found.reasons.last == "damaged_file")
        options.strict = true
        #expect(failureLine { _ = try texts(options) }.contains("cut"))
    }

    @Test func aFileThatChangesIsRefused() throws {
        let folder = try TemporaryFolder()
        try folder.write("{\"text\":\"a\"}\n", to: "a.jsonl")
        var options = CorpusOptions()
        options.input = [folder.path]
        let plan = try CorpusPlan(options)
        try folder.write("{\"text\":\"a\"}\n{\"text\":\"b\"}\n", to: "a.jsonl")
        let line = failureLine { _ = try texts(plan, options) }
        #expect(line.contains("changed while the corpus was read"), "\(line)")
    }

    @Test func directoriesThatLoopAreReadOnce() throws {
        let folder = try TemporaryFolder()
        try folder.write("text of a", to: "a.txt")
        try FileManager.default.createSymbolicLink(
            atPath: folder("again"), withDestinationPath: folder.path)
        var options = CorpusOptions()
        options.input = [folder.path]
        #expect(try texts(options).texts == [Array("text of a".utf8)])
    }

    @Test func anEvaluationFileWithoutTextsIsRefused() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "empty.jsonl")
        var options = DecontaminateOptions()
        options.files = [folder("empty.jsonl")]
        let line = failureLine { _ = try Decontamination(options) }
        #expect(line.contains("empty.jsonl"), "\(line)")
    }

    @Test func aDiskWithoutSpaceIsToldBeforeItIsFull() {
        let line = failureLine { try DiskRoom.require(1 << 60, at: "/") }
        #expect(line.contains("no space to sort on disk"), "\(line)")
    }

    /// A line of 20 MB, CRLF, and no line feed at the end.
    @Test func longLinesAndOtherLineEndsAreRead() throws {
        let folder = try TemporaryFolder()
        let long = String(repeating: "words of a line ", count: 1_250_000)
        try folder.write(
            "{\"text\":\"\(long)\"}\r\n{\"text\":\"b\u{2028}c\"}\r\n{\"text\":\"d\"}", to: "a.jsonl"
        )
        var options = CorpusOptions()
        options.input = [folder.path]
        let found = try texts(CorpusPlan(options, pieceSize: 1 << 20), options)
        #expect(found.texts == [long, "b\u{2028}c", "d"].map { Array($0.utf8) })
    }
}
