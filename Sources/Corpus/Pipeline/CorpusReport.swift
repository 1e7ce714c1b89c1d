import Crypto
import Files
import Foundation

/// What became of a corpus: the sources, the options, and the counts.
package struct CorpusReport: Codable, Equatable, Sendable {
    package struct Source: Codable, Equatable, Sendable {
        package var path: String
        package var bytes: Int
        package var format: String
        package var sha256: String
    }

    private enum CodingKeys: String, CodingKey {
        case formatVersion = "format_version"
        case programVersion = "program_version"
        case sources, options, counts, parts
    }

    package var formatVersion = 1
    package var programVersion: String
    package var sources: [Source]
    /// The keys of the recipe that decided what stayed, as it spells them.
    package var options: [String: String]
    package var counts: PieceStatistics
    /// The number of files of kept records.
    package var parts: Int

    package init(
        programVersion: String, sources: [Source], options: [String: String],
        counts: PieceStatistics, parts: Int
    ) {
        self.programVersion = programVersion
        self.sources = sources
        self.options = options
        self.counts = counts
        self.parts = parts
    }

    /// Reads a report that was written.
    package init(at path: String) throws {
        let bytes = try FileReader.bytes(of: path, what: "cannot open the report")
        self = try JSONDecoder().decode(Self.self, from: Data(bytes))
    }

    /// A hash that distinguishes the sources, the options and the outcome, for what is made of the corpus.
    package var digest: String {
        let texts =
            sources.map { "\($0.sha256) \($0.bytes)" }
            + options.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            + ["\(counts.kept.documents) \(counts.kept.bytes)"]
        return SHA256.hash(data: Data(texts.joined(separator: "\n").utf8)).text
    }

    /// One line for people.
    package var summary: String {
        let lost = counts.read.documents - counts.kept.documents
        let reasons = counts.dropped.sorted {
            ($1.value.documents, $0.key) < ($0.value.documents, $1.key)
        }
        let told = reasons.prefix(5).map { "\($0.key) \($0.value.documents)" }
            .joined(separator: ", ")
        return "kept \(counts.kept.documents) of \(counts.read.documents) documents in \(parts) "
            + (parts == 1 ? "file" : "files") + (lost > 0 ? "; dropped: \(told)" : "")
    }
}

extension SHA256Digest {
    fileprivate var text: String {
        map { WorkFiles.number(Int($0), radix: 16, digits: 2) }.joined()
    }
}

extension SourceFile {
    /// The hash of the bytes of the file.
    package func sha256() throws -> String {
        let reader = try FileReader(path: path)
        var hash = SHA256()
        for start in stride(from: 0, to: reader.size, by: 1 << 20) {
            hash.update(
                data: try reader.bytes(at: start, count: min(1 << 20, reader.size - start)))
        }
        return hash.finalize().text
    }
}
