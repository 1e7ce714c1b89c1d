import Corpus
import Datasets
import Files
import JSON

/// What shards tell of the corpora that their texts come from: sources, options and counts.
enum CorpusProvenance {
    /// The most sources of a corpus that are named; `digest` covers all of them.
    private static let sourceCount = 64

    /// The provenance of texts, as JSON; nil where none of them lies in a finished corpus.
    ///
    /// - Parameter inputs: Files and directories.
    static func text(of inputs: [String]) throws -> String? {
        var reports: [CorpusReport] = []
        for path in try reportPaths(inputs) {
            guard let report = try? CorpusReport(at: path) else { continue }
            reports.append(report)
        }
        guard !reports.isEmpty else { return nil }
        // Names may be long: fewer of them are told then, in the end none.
        for count in [sourceCount, 8, 0] {
            let text = json(reports, naming: count).text()
            if text.utf8.count <= TokenShardAttributes.maximumProvenanceSize { return text }
        }
        return json(Array(reports.prefix(8)), naming: 0).text()
    }

    /// The reports beside the texts, or in the directory above, where a corpus has them.
    private static func reportPaths(_ inputs: [String]) throws -> [String] {
        var paths: [String] = []
        for input in inputs {
            let folder =
                try DirectoryEntries.isFolder(input) ? input : DirectoryEntries.split(input).parent
            for directory in [folder, DirectoryEntries.split(folder).parent] {
                let path = "\(directory)/report.json"
                if !paths.contains(path), try DirectoryEntries.isThere(path) { paths.append(path) }
            }
        }
        return paths
    }

    private static func json(_ reports: [CorpusReport], naming count: Int) -> JSONValue {
        .object([
            "format_version": .integer(1),
            "corpora": .array(reports.map { json($0, naming: count) }),
        ])
    }

    private static func json(_ report: CorpusReport, naming count: Int) -> JSONValue {
        let counts = report.counts
        return .object([
            "digest": .string(report.digest),
            "program_version": .string(report.programVersion),
            "options": .object(report.options.mapValues(JSONValue.string)),
            "source_count": .integer(report.sources.count),
            "sources": .array(
                report.sources.prefix(count).map {
                    .object([
                        "path": .string($0.path), "bytes": .integer($0.bytes),
                        "format": .string($0.format), "sha256": .string($0.sha256),
                    ])
                }),
            "read": amount(counts.read), "kept": amount(counts.kept),
            "dropped": .object(counts.dropped.mapValues(amount)),
        ])
    }

    private static func amount(_ amount: PieceStatistics.Amount) -> JSONValue {
        .object(["documents": .integer(amount.documents), "bytes": .integer(amount.bytes)])
    }
}
