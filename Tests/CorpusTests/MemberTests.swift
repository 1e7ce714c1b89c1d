import Corpus
import Foundation
import TemporaryFolders
import Testing

/// Compressed files whose members are shared out, made by Tests/Fixtures/corpus/make_members.py.
@Suite struct MemberTests {
    private static let count = 150

    private static func path(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/corpus/\(name)").path
    }

    private struct Result {
        var pieceCount = 0
        /// Texts, and for those of JSON the number in them.
        var texts: [String] = []
        var reasons: [String] = []
    }

    /// What the pieces of a file hold, one after the other, of whose parts each has some bytes.
    private func read(_ path: String, pieceSize: Int) throws -> Result {
        var options = CorpusOptions()
        options.input = [path]
        let plan = try CorpusPlan(options, pieceSize: pieceSize)
        var result = Result(pieceCount: plan.pieces.count)
        for piece in plan.pieces {
            let reader = PieceReader(piece, options)
            while let record = try reader.next() {
                switch record {
                case .document(let document):
                    result.texts.append(String(decoding: document.text, as: UTF8.self))
                case .unreadable(let reason, _, _): result.reasons.append(reason)
                }
            }
        }
        return result
    }

    private static let files = [
        "lines.jsonl.gz", "lines.jsonl.bz2", "lines.jsonl.zst", "lines.jsonl.xz", "texts.txt.gz",
        "texts.txt.xz", "pages.warc.gz",
    ]

    @Test(arguments: files, [700, 3000, 4096, 9000])
    func piecesHoldEachDocumentOnce(name: String, pieceSize: Int) throws {
        let whole = try read(Self.path(name), pieceSize: .max)
        #expect(whole.pieceCount == 1)
        #expect(whole.texts.count == Self.count)
        for (number, text) in whole.texts.enumerated() {
            #expect(text == "record \(number)" || text.hasPrefix("record \(number) "))
        }
        let shared = try read(Self.path(name), pieceSize: pieceSize)
        #expect(shared.texts == whole.texts)
        #expect(shared.reasons.isEmpty && whole.reasons.isEmpty)
        let size = try SourceFile(path: Self.path(name), options: CorpusOptions()).size
        #expect(shared.pieceCount > 1 && shared.pieceCount <= size / pieceSize + 1)
    }

    @Test func whatHasOneMemberIsOnePiece() throws {
        let single = try read(Self.path("single.jsonl.gz"), pieceSize: 700)
        #expect(single.pieceCount == 1)
        #expect(single.texts.count == Self.count)
    }

    /// Bytes that look like a member, in the midst of another, begin no piece.
    @Test func aSignatureAloneIsNoMember() throws {
        let folder = try TemporaryFolder()
        let member = Array(try Data(contentsOf: URL(filePath: Self.path("single.jsonl.gz"))))
        // The name of a file in the header: a signature of gzip and more.
        let name = [UInt8](repeating: 0x1F, count: 3000) + [0x8B, 8, 4, 4, 4, 4, 4]
        let head = member[..<3] + [member[3] | 8] + member[4..<10] + name + [0]
        try folder.put(Array(head + member[10...]), at: "a.jsonl.gz")
        let read = try read(folder("a.jsonl.gz"), pieceSize: 1000)
        #expect(read.pieceCount == 1)
        #expect(read.texts.count == Self.count)
    }

    @Test(arguments: files)
    func ofACutFileWhatStandsBeforeTheCutIsKept(name: String) throws {
        let folder = try TemporaryFolder()
        let bytes = Array(try Data(contentsOf: URL(filePath: Self.path(name))))
        try folder.put(Array(bytes[..<(bytes.count * 6 / 10)]), at: name)
        let whole = try read(Self.path(name), pieceSize: .max)
        let cut = try read(folder(name), pieceSize: .max)
        let shared = try read(folder(name), pieceSize: 3000)
        #expect(shared.texts == cut.texts)
        #expect(shared.reasons == ["damaged_file"])
        // Some 4,000 bytes of text may be lost, which have fewer than twenty records.
        #expect(cut.texts.count > Self.count / 2 - 20)
        #expect(cut.texts == Array(whole.texts[..<cut.texts.count]))
    }

    /// Behind damage, reading goes on where a piece begins.
    @Test func damageTakesNoMoreThanAPiece() throws {
        let folder = try TemporaryFolder()
        var bytes = Array(try Data(contentsOf: URL(filePath: Self.path("lines.jsonl.gz"))))
        for place in bytes.count / 2..<bytes.count / 2 + 40 { bytes[place] ^= 0x55 }
        try folder.put(bytes, at: "a.jsonl.gz")
        let shared = try read(folder("a.jsonl.gz"), pieceSize: 3000)
        #expect(shared.reasons == ["damaged_file"])
        #expect(shared.texts.count < Self.count)
        #expect(shared.texts.last?.hasPrefix("record \(Self.count - 1)") == true)
        #expect(Set(shared.texts).count == shared.texts.count)
    }

    /// The check of a block of xz stands behind it; behind the last one comes the index.
    @Test(arguments: ["lines.jsonl.xz", "texts.txt.xz"])
    func theCheckOfTheLastBlockIsHeeded(name: String) throws {
        let folder = try TemporaryFolder()
        var bytes = Array(try Data(contentsOf: URL(filePath: Self.path(name))))
        let size = (0..<4).reduce(0) { $0 | Int(bytes[bytes.count - 8 + $1]) << (8 * $1) }
        bytes[bytes.count - 12 - (size + 1) * 4 - 1] ^= 1
        try folder.put(bytes, at: name)
        for pieceSize in [1000, .max] {
            #expect(try read(folder(name), pieceSize: pieceSize).reasons == ["damaged_file"])
        }
    }
}
