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

    /// - Parameter progress: nil on ranks that tell none.
    package func run(_ piece: Int, _ progress: StageProgress? = nil) throws {
        guard try files.counts(.finalCounts, piece) == nil else { return }
        let counts = try RecordFile.write(to: files.path(.final, piece)) { kept in
            try RecordFile.write(to: files.path(.finalDropped, piece)) { dropped in
                try run(piece, kept, dropped, progress)
            }
        }
        try files.write(counts, .finalCounts, piece)
    }

    private func run(
        _ piece: Int, _ kept: RecordFile, _ dropped: RecordFile, _ progress: StageProgress?
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
            let verdict = judged(copies.takeCopy(of: number), &document)
            var reason = verdict.reason
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
                try dropped.append(document.dropped(as: reason, verdict.further))
            } else {
                counts.keep(document)
                try kept.append(document)
            }
            try progress?.update(piece, counts)
        }
        for step in steps { counts.counts.merge(step.takeCounts(), uniquingKeysWith: +) }
        return counts
    }

    /// Why a copy goes, and of what it is one; a copy that stays is marked.
    private func judged(
        _ copy: Copy?, _ document: inout Document
    ) -> (reason: String?, further: [(String, JSONValue)]) {
        guard let copy else { return (nil, []) }
        let original = JSONValue.string(copy.original.text)
        guard marksClusters else { return (copy.kind.rawValue, [("duplicate_of", original)]) }
        document.set("cluster", original)
        return (nil, [])
    }

    /// The text without the lines of these numbers.
    private static func without(_ lines: [Int], _ text: [UInt8]) -> [UInt8] {
        let gone = Set(lines)
        let kept = text.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated()
            .filter { !gone.contains($0.offset) }.map(\.element)
        return Array(kept.joined(separator: [0x0A]))
    }
}
