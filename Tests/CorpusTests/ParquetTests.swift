import Corpus
import Foundation
import JSON
import TemporaryFolders
import Testing

/// Files made by Tests/Fixtures/corpus/make.py.
@Suite struct ParquetTests {
    private static func path(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/corpus/\(name).parquet").path
    }

    private func records(_ path: String) throws -> [ReadRecord] {
        var options = CorpusOptions()
        options.input = [path]
        var records: [ReadRecord] = []
        for piece in try CorpusPlan(options).pieces {
            let reader = PieceReader(piece, options)
            while let record = try reader.next() { records.append(record) }
        }
        return records
    }

    @Test(arguments: ["snappy", "gzip", "zstd"])
    func rowsAreThoseThatWereWritten(name: String) throws {
        let records = try records(Self.path(name))
        #expect(records.count == 60)
        for (row, record) in records.enumerated() {
            switch record {
            case .document(let document):
                let text = ["row \(row)"] + [String](repeating: "more", count: row % 5)
                #expect(
                    String(decoding: document.text, as: UTF8.self) == text.joined(separator: " "))
                #expect(document["id"] == .integer(row))
            case .unreadable(let reason, let source, _):
                #expect(row % 7 == 6 && reason == "no_text")
                #expect(source.hasSuffix("row \(row + 1)"))
            }
        }
    }

    @Test func whatCannotBeReadIsNamed() {
        let nested = failureLine { _ = try records(Self.path("nested")) }
        #expect(nested.contains("expected a column text, got id"), "\(nested)")
        let codec = failureLine { _ = try records(Self.path("brotli")) }
        #expect(codec.contains("got brotli") && codec.contains("brotli.parquet"), "\(codec)")
    }

    @Test func aCutFileIsCounted() throws {
        let folder = try TemporaryFolder()
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: Self.path("snappy"))))
        try folder.put(Array(bytes[..<(bytes.count / 2)]), at: "a.parquet")
        guard case .unreadable(let reason, _, _) = try records(folder("a.parquet")).first else {
            Issue.record("expected a record that tells of the cut")
            return
        }
        #expect(reason == "damaged_file")
    }
}
