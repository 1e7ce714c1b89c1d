import Files
import JSON

/// The stage behind the deduplication: copies and repeated lines go, and the last steps are taken.
package struct FinalStage {
    package let files: WorkFiles
    package let options: CorpusOptions
    /// The steps behind the deduplication.
    package let steps: [any CleaningStep]
    /// Whether copies stay and bear the number of their cluster.
    package let marksClusters: Bool

    package func run(_ piece: Int) throws {
        guard try files.counts(.finalCounts, piece) == nil else { return }
        let counts = try RecordFile.write(to: files.path(.final, piece)) { kept in
            try RecordFile.write(to: files.path(.finalDropped, piece)) { dropped in
                try run(piece, kept, dropped)
            }
        }
        try files.write(counts, .finalCounts, piece)
    }

    private func run(
        _ piece: Int, _ kept: RecordFile, _ dropped: RecordFile
    ) throws -> PieceStatistics {
        var counts = PieceStatistics()
        let copies = try CopyList(files, piece)
        let repeated = try RepeatedLineList(files, piece)
        let documents = try KeptDocuments(files, piece)
        var index = 0
        while var document = try documents.next() {
            defer { index += 1 }
            let number = DocumentNumber(piece: piece, index: index)
            let original = document
            var reason: String?
            var further: [(String, JSONValue)] = []
            if let copy = copies.takeCopy(of: number) {
                if marksClusters {
                    document.set("cluster", .string(copy.original.text))
                } else {
                    reason = copy.kind.rawValue
                    further = [("duplicate_of", .string(copy.original.text))]
                }
            }
            let lines = repeated.takeLines(of: number)
            if reason == nil, !lines.isEmpty {
                document.text = Self.without(lines, document.text)
                counts.counts["repeated_lines", default: 0] += lines.count
                if document.text.allSatisfy({ $0 <= 0x20 }) { reason = "repeated_lines" }
            }
            reason = reason ?? Steps.apply(steps, to: &document)
            if let reason {
                counts.drop(reason, original.text, source: number.text)
                document.text = original.text
                document.source = number.text
                try dropped.append(document.dropped(as: reason, further))
            } else {
                counts.keep(document)
                try kept.append(document)
            }
        }
        for step in steps { counts.counts.merge(step.takeCounts(), uniquingKeysWith: +) }
        return counts
    }

    /// The text without the lines of these numbers.
    private static func without(_ lines: [Int], _ text: [UInt8]) -> [UInt8] {
        let gone = Set(lines)
        let kept = text.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated()
            .filter { !gone.contains($0.offset) }.map(\.element)
        return Array(kept.joined(separator: [0x0A]))
    }
}

/// The records that the first stage kept of a piece.
package final class KeptDocuments {
    private let reader: JSONLinesReader

    package init(_ files: WorkFiles, _ piece: Int) throws {
        var options = CorpusOptions()
        options.strict = true
        let path = files.path(.clean, piece)
        reader = try JSONLinesReader(
            FileStream(FileReader(path: path)), from: 0, limit: .max,
            ReadingRules(options: options, path: path))
    }

    package func next() throws -> Document? {
        guard case .document(let document) = try reader.next() else { return nil }
        return document
    }
}
